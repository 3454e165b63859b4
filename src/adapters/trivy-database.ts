/** Gets Trivy's databases, each once, from the first repository that has it. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ToolError } from '../errors.js'
import type { DatabaseInfo } from '../model.js'
import type { Environment, RunProcess } from './process.js'
import { trivyReason } from './trivy-reason.js'

/** What differs between the vulnerability database and the Java database. */
export interface DatabaseKind {
  readonly input: 'db-repository' | 'java-db-repository'
  /** Trivy's folder for it in its cache directory. */
  readonly folder: 'db' | 'java-db'
  readonly downloadFlag: string
  readonly repositoryFlag: string
}

export const vulnerabilityDatabase: DatabaseKind = {
  input: 'db-repository',
  folder: 'db',
  downloadFlag: '--download-db-only',
  repositoryFlag: '--db-repository',
}

export const javaDatabase: DatabaseKind = {
  input: 'java-db-repository',
  folder: 'java-db',
  downloadFlag: '--download-java-db-only',
  repositoryFlag: '--java-db-repository',
}

export interface DatabaseOptions {
  readonly run: RunProcess
  readonly trivy: string
  readonly env: Environment
  /** An empty working directory: Trivy reads its configuration from there. */
  readonly cwd: string
  /** Where databases are kept from run to run. Absolute. */
  readonly cacheDir: string
  readonly now: Date
}

export interface Database extends DatabaseInfo {
  /** Absolute path of the folder that Trivy expects in its cache directory. */
  readonly path: string
}

/** Milliseconds for one repository: the Java database has more than 700 MB. */
const downloadTimeout = 10 * 60_000

/**
 * Trivy itself goes on to its next repository only after some failures, and unpacks in place; here any failure leads
 * to the next one, and what was downloaded counts only when it is whole.
 * @throws ToolError that names what each repository answered
 */
export async function provideDatabase(
  kind: DatabaseKind,
  repositories: readonly string[],
  options: DatabaseOptions,
): Promise<Database> {
  const failures: string[] = []
  for (const repository of repositories) {
    try {
      return (await readCurrent(kind, repository, options)) ?? (await download(kind, repository, options))
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      failures.push(`${repository}: ${error.message}`)
    }
  }
  const limited = failures.some(text => /TOOMANYREQUESTS|429|rate limit/i.test(text))
  const name = kind === javaDatabase ? 'Java database' : 'vulnerability database'
  throw new ToolError(
    `${kind.input}: no repository gave the ${name}: ${failures.join('; ')}`,
    limited
      ? 'A registry limits how often it may be asked: run again later, or name a mirror of your own in that input.'
      : 'Check the network and its proxy, or name a repository that this runner reaches in that input.',
  )
}

/** One folder a repository, so that a database never stands in for another one's. */
function folderOf(repository: string, cacheDir: string): string {
  return join(cacheDir, createHash('sha256').update(repository).digest('hex').slice(0, 16))
}

/** A database from an earlier run that its makers have not replaced yet, by its own word (`NextUpdate`). */
async function readCurrent(
  kind: DatabaseKind,
  repository: string,
  options: DatabaseOptions,
): Promise<Database | undefined> {
  const path = join(folderOf(repository, options.cacheDir), kind.folder)
  const found = await readMetadata(path).catch(() => undefined)
  // One that does not say until when it is current is not.
  if (found === undefined || !(Date.parse(found.nextUpdate) > options.now.getTime())) return undefined
  return { repository, path, updatedAt: found.updatedAt }
}

async function download(kind: DatabaseKind, repository: string, options: DatabaseOptions): Promise<Database> {
  const folder = folderOf(repository, options.cacheDir)
  const incoming = `${folder}.${randomBytes(4).toString('hex')}`
  await mkdir(incoming, { recursive: true })
  try {
    await runDownload(kind, repository, incoming, options)
    const path = join(folder, kind.folder)
    const { updatedAt } = await readMetadata(join(incoming, kind.folder))
    await mkdir(folder, { recursive: true })
    await rm(path, { recursive: true, force: true })
    await rename(join(incoming, kind.folder), path)
    return { repository, path, updatedAt }
  } finally {
    await rm(incoming, { recursive: true, force: true })
  }
}

async function runDownload(
  kind: DatabaseKind,
  repository: string,
  cacheDir: string,
  options: DatabaseOptions,
): Promise<void> {
  const said: string[] = []
  const result = await options.run({
    command: options.trivy,
    args: [
      'image',
      kind.downloadFlag,
      kind.repositoryFlag,
      repository,
      ...['--cache-dir', cacheDir, '--skip-version-check', '--disable-telemetry', '--no-progress'],
    ],
    env: options.env,
    cwd: options.cwd,
    timeout: downloadTimeout,
    onLine: line => said.push(line),
  })
  if (result.status === 'exited' && result.exitCode === 0) return
  throw new ToolError(result.status === 'exited' ? trivyReason(said) : result.status, '', said.slice(-20))
}

async function readMetadata(directory: string): Promise<{ updatedAt: string; nextUpdate: string }> {
  try {
    const text = await readFile(join(directory, 'metadata.json'), 'utf8')
    const { UpdatedAt, NextUpdate } = JSON.parse(text) as Record<string, unknown>
    if (typeof UpdatedAt !== 'string' || Number.isNaN(Date.parse(UpdatedAt)))
      throw new TypeError('UpdatedAt is not a date')
    return { updatedAt: UpdatedAt, nextUpdate: typeof NextUpdate === 'string' ? NextUpdate : '' }
  } catch (error) {
    throw new ToolError(`it has no readable metadata.json: ${messageOf(error)}`, 'Run again.')
  }
}
