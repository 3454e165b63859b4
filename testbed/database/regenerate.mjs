#!/usr/bin/env node
// @ts-check
/** Makes trivy-db.tar.gz from advisories/*.yaml. Needs Go. With --check: says whether the committed one is up to date. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../debian.mjs'
import { runProgram } from '../shell.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const advisories = join(here, 'advisories')
/** Far ahead, so that Trivy never looks for a newer one; built in the past, so that its age can be told. */
const metadata = {
  Version: 2,
  NextUpdate: '2099-01-01T00:00:00Z',
  UpdatedAt: '2026-08-01T00:00:00Z',
  DownloadedAt: '2026-08-01T00:00:00Z',
}

/** @param {string[]} args */
const generate = (...args) => runProgram('go', ['run', '-mod=readonly', '.', ...args], { cwd: join(here, 'generate') })

const work = temporaryFolder('image-gate-db-')
try {
  const files = readdirSync(advisories)
    .sort()
    .map(name => join(advisories, name))
  const database = join(work, 'trivy.db')
  await generate(database, ...files)
  const committed = join(here, 'trivy-db.tar.gz')
  if (process.argv.includes('--check')) {
    await runProgram('tar', ['-xzf', committed, '-C', work, '--transform', 's/^trivy.db/committed.db/', 'trivy.db'])
    const [made, kept] = [await generate('--dump', database), await generate('--dump', join(work, 'committed.db'))]
    if (made !== kept)
      throw new Error('trivy-db.tar.gz is not what advisories/*.yaml give: run node testbed/database/regenerate.mjs')
  } else {
    writeFileSync(join(work, 'metadata.json'), JSON.stringify(metadata))
    // The same bytes each time: no times, no owners.
    const tar = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=644']
    await runProgram('sh', [
      '-c',
      'cd "$1" && shift && out="$1" && shift && tar "$@" -cf - metadata.json trivy.db | gzip -n -9 > "$out"',
      'sh',
      work,
      committed,
      ...tar,
    ])
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
