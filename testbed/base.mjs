// @ts-check
/** The base image of the examples, `debian:bookworm`: from a registry where one answers, else made with debootstrap. */
import { copyFileSync, createReadStream, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, isDebianRoot, temporaryFolder } from './debian.mjs'
import { holdsImage } from './registry.mjs'
import { ask, runProgram, step } from './shell.mjs'
import { folder } from './state.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

const reference = 'debian:bookworm'
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const tarballPath = () => join(folder('base'), 'bookworm-upgraded.tar')

/**
 * @param {{env: NodeJS.ProcessEnv, isOurs: boolean, registry: () => Promise<string>, log: Log}} options isOurs: the engine is
 * the test bed's own, and asks the local registry first; registry: that one's address
 */
export async function provideBase({ env, isOurs, registry, log }) {
  const isThere = ask('docker', ['image', 'inspect', reference], { env }).ok
  const address = isOurs ? await registry() : undefined
  const isHeld = address !== undefined && (await holdsImage(address, 'library/debian', 'bookworm'))
  if (isThere && address !== undefined && !isHeld && existsSync(tarballPath())) await push(address, env, log)
  if (isThere) return { reference, source: 'the engine' }
  // The very image that another engine of ours has, digest and all.
  if (isHeld && (await pullLocal(address, env, log))) return { reference, source: 'the local registry' }
  if ((await dockerHubAnswers()) && (await pullPublic(env, log))) return { reference, source: 'Docker Hub' }
  const tarball = await bootstrap(log)
  await step(log, `Importing ${reference}`, () => {
    const args = ['import', '--change', 'CMD ["bash"]', '--change', `ENV PATH=${path}`, '-', reference]
    return runProgram('docker', args, { env, input: createReadStream(tarball) })
  })
  await push(await registry(), env, log)
  return { reference, source: 'debootstrap' }
}

/** @param {string} address @param {NodeJS.ProcessEnv} env @param {Log} log */
async function push(address, env, log) {
  const local = `${address}/library/${reference}`
  await step(log, `Putting ${reference} into the local registry`, async () => {
    await runProgram('docker', ['tag', reference, local], { env })
    await runProgram('docker', ['push', '--quiet', local], { env })
    await runProgram('docker', ['image', 'rm', local], { env })
  })
}

/** @param {string} address @param {NodeJS.ProcessEnv} env @param {Log} log */
function pullLocal(address, env, log) {
  const local = `${address}/library/${reference}`
  return step(log, `Pulling ${reference} from the local registry`, async () => {
    if (!ask('docker', ['pull', '--quiet', local], { env, timeout: 300_000 }).ok) return false
    await runProgram('docker', ['tag', local, reference], { env })
    await runProgram('docker', ['image', 'rm', local], { env })
    return true
  })
}

/** @param {NodeJS.ProcessEnv} env @param {Log} log */
function pullPublic(env, log) {
  // Docker Hub may answer and still refuse: it counts pulls.
  const pull = () => runProgram('docker', ['pull', '--quiet', reference], { env })
  return step(log, `Pulling ${reference} from Docker Hub`, pull).then(
    () => true,
    error => {
      log(String(error))
      return false
    },
  )
}

async function dockerHubAnswers() {
  const response = await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(5000) }).catch(
    () => undefined,
  )
  return response?.status === 401 || response?.status === 200
}

const sources = ['bookworm bookworm-updates|debian', 'bookworm-security|debian-security']
  .map(line => line.split('|'))
  .map(([suites, archive]) =>
    [
      'Types: deb',
      `URIs: http://deb.debian.org/${archive ?? ''}`,
      `Suites: ${suites ?? ''}`,
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
    ].join('\n'),
  )
  .join('\n')

/** A minimal Debian 12, as its own image is made, once. @param {Log} log */
async function bootstrap(log) {
  const tarball = tarballPath()
  if (existsSync(tarball)) return tarball
  if (!isDebianRoot())
    throw new Error(`${reference} cannot be pulled: check the network, or pull it by hand, then run again.`)
  await installPackages(['debootstrap'], log)
  const root = temporaryFolder('image-gate-base-')
  try {
    await step(log, 'Docker Hub does not answer: making a minimal Debian with debootstrap', async () => {
      await runProgram('debootstrap', ['--variant=minbase', 'bookworm', root])
      await upgrade(root)
      await runProgram('tar', ['--numeric-owner', '-C', root, '-cf', `${tarball}.new`, '.'])
      renameSync(`${tarball}.new`, tarball)
    })
  } finally {
    // debootstrap that failed may leave these mounted, and nothing of the machine's own may be removed through them.
    for (const mount of ['proc', 'sys']) ask('umount', ['--lazy', join(root, mount)])
    ask('rm', ['-rf', '--one-file-system', root], { timeout: 120_000 })
  }
  return tarball
}

/** As recent as the real one is, so that an upgrade in a Dockerfile has little to do; nothing of this machine stays in it. @param {string} root */
async function upgrade(root) {
  rmSync(join(root, 'etc/apt/sources.list'), { force: true })
  writeFileSync(join(root, 'etc/apt/sources.list.d/debian.sources'), sources)
  copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'))
  const proxies = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name))
  const env = { PATH: path, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...Object.fromEntries(proxies) }
  await runProgram('chroot', [root, 'sh', '-c', 'apt-get update -q && apt-get -y -q dist-upgrade && apt-get clean'], {
    env,
  })
  const leftovers = [
    'var/lib/apt/lists/*',
    'var/cache/apt/*.bin',
    'var/log/*',
    'tmp/*',
    'etc/resolv.conf',
    'etc/hostname',
  ]
  await runProgram('sh', ['-c', leftovers.map(name => `rm -rf "$1"/${name}`).join('; '), 'sh', root])
}
