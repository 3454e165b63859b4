// @ts-check
/** Debian packages, for machines that have apt. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, onPath, runProgram, step } from './shell.mjs'

export function isDebianRoot() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && ask('apt-get', ['--version']).ok
}

/** @param {string} name */
function isInstalled(name) {
  return ask('dpkg-query', ['-W', '-f', '${Status}', name]).stdout.endsWith('ok installed')
}

const policy = '/usr/sbin/policy-rc.d'

/**
 * Installs the packages of programs that are missing. A program from elsewhere will do: Debian's package of it may conflict
 * with the one that it came in (`containerd.io`).
 * @param {Record<string, string>} packages program -> package @param {import('./shell.mjs').Log} log
 */
export async function installPrograms(packages, log) {
  const missing = Object.entries(packages).filter(([program]) => onPath(program) === undefined)
  await installPackages(
    missing.map(([, name]) => name),
    log,
  )
}

/**
 * Installs packages that are missing. Their services do not start: the test bed starts its own.
 * @param {string[]} names @param {import('./shell.mjs').Log} log
 */
export async function installPackages(names, log) {
  const missing = names.filter(name => !isInstalled(name))
  if (missing.length === 0) return
  if (!isDebianRoot())
    throw new Error(`these packages are missing: ${missing.join(', ')}. Install them, then run again.`)
  const before = existsSync(policy) ? readFileSync(policy) : undefined
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await step(log, `Installing ${missing.join(', ')} with apt`, async () => {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    try {
      await runProgram('apt-get', ['update', '-q'], { env })
      await runProgram('apt-get', ['install', '-y', '-q', '--no-install-recommends', '--no-remove', ...missing], {
        env,
      })
    } finally {
      if (before === undefined) rmSync(policy, { force: true })
      else writeFileSync(policy, before, { mode: 0o755 })
    }
  })
}

/** @param {string} prefix */
export function temporaryFolder(prefix) {
  return mkdtempSync(join(tmpdir(), prefix))
}
