// @ts-check
/** The base image of the examples, `debian:bookworm`: from a registry where one answers, else made with debootstrap. */
import { copyFileSync, createReadStream, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, isDebianRoot, temporaryFolder } from './debian.mjs'
import { ask, runProgram, step } from './shell.mjs'
import { folder } from './state.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

const reference = 'debian:bookworm'

/**
 * @param {{env: NodeJS.ProcessEnv, registry: () => Promise<string>, log: Log}} options registry: the address of the
 * local one, which serves the image to other builders
 */
export async function provideBase({ env, registry, log }) {
  if (ask('docker', ['image', 'inspect', reference], { env }).ok) return { reference, source: 'the engine' }
  if (await dockerHubAnswers()) {
    await step(log, `Pulling ${reference}`, () => runProgram('docker', ['pull', '--quiet', reference], { env }))
    return { reference, source: 'Docker Hub' }
  }
  const tarball = await bootstrap(log)
  const local = `${await registry()}/library/${reference}`
  await step(log, `Importing ${reference}`, async () => {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    const input = createReadStream(tarball)
    await runProgram('docker', ['import', '--change', 'CMD ["bash"]', '--change', `ENV ${path}`, '-', reference], { env, input })
    await runProgram('docker', ['tag', reference, local], { env })
    await runProgram('docker', ['push', '--quiet', local], { env })
    await runProgram('docker', ['image', 'rm', local], { env })
  })
  return { reference, source: 'debootstrap' }
}

async function dockerHubAnswers() {
  const response = await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  return response?.status === 401 || response?.status === 200
}

const sources = ['bookworm bookworm-updates|debian', 'bookworm-security|debian-security']
  .map(line => line.split('|'))
  .map(([suites, path]) =>
    [
      'Types: deb',
      `URIs: http://deb.debian.org/${path ?? ''}`,
      `Suites: ${suites ?? ''}`,
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
    ].join('\n'),
  )
  .join('\n')

/** A minimal Debian 12, as its own image is made, once. @param {Log} log */
async function bootstrap(log) {
  const tarball = join(folder('base'), 'bookworm.tar')
  if (existsSync(tarball)) return tarball
  if (!isDebianRoot()) throw new Error(`${reference} cannot be pulled: check the network, or pull it by hand, then run again.`)
  await installPackages(['debootstrap'], log)
  const root = temporaryFolder('image-gate-base-')
  try {
    await step(log, 'Docker Hub does not answer: making a minimal Debian with debootstrap', async () => {
      await runProgram('debootstrap', ['--variant=minbase', 'bookworm', root])
      rmSync(join(root, 'etc/apt/sources.list'), { force: true })
      writeFileSync(join(root, 'etc/apt/sources.list.d/debian.sources'), sources)
      // As recent as the real one is, so that an upgrade in a Dockerfile has little to do.
      copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'))
      await runProgram('chroot', [root, 'sh', '-c', 'apt-get update -q && apt-get -y -q upgrade && apt-get clean'])
      await runProgram('sh', ['-c', `rm -rf "${root}"/var/lib/apt/lists/* "${root}"/var/log/* "${root}"/etc/resolv.conf`])
      await runProgram('tar', ['--numeric-owner', '-C', root, '-cf', `${tarball}.new`, '.'])
      renameSync(`${tarball}.new`, tarball)
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
  return tarball
}
