/** A real registry that asks for a login, with a base image in it. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './testbed.js'

export const login = { username: 'reader', password: 's3cr3t-of-a-test' } as const

/** bcrypt of the password, as htpasswd writes it. */
const passwords = `reader:$2b$05$abcdefghijklmnopqrstuugWgtqi0v7YFHylNXo5JNP4ArkypZ2hy\n`

/** As HTTP and the docker client write the login. */
export const encodedLogin = Buffer.from(`${login.username}:${login.password}`).toString('base64')

export interface PrivateRegistry {
  /** `127.0.0.1:PORT`: docker speaks plain HTTP with it. */
  readonly address: string
  /** An image in it that nobody else has: Debian, under another name. */
  readonly base: string
  /** A folder for the docker client that is logged in. */
  readonly loggedIn: string
}

/** @param plugins the folder of the docker client's plugins, where it is not found by itself */
export async function withPrivateRegistry<T>(
  plugins: string | undefined,
  use: (registry: PrivateRegistry) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'image-gate-registry-'))
  const port = await freePort()
  const address = `127.0.0.1:${String(port)}`
  writeFileSync(join(folder, 'htpasswd'), passwords)
  mkdirSync(join(folder, 'storage'))
  const stop = await start(folder, port)
  try {
    await answered(address)
    const loggedIn = join(folder, 'client')
    mkdirSync(loggedIn)
    if (plugins !== undefined) symlinkSync(plugins, join(loggedIn, 'cli-plugins'))
    writeFileSync(join(loggedIn, 'config.json'), JSON.stringify({ auths: { [address]: { auth: encodedLogin } } }))
    const base = `${address}/private/base:${String(port)}`
    for (const args of [
      ['tag', 'debian:bookworm', base],
      ['push', '--quiet', base],
      ['image', 'rm', base],
    ]) {
      const { exitCode, stderr } = await run('docker', args, { env: { DOCKER_CONFIG: loggedIn } })
      if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
    }
    return await use({ address, base, loggedIn })
  } finally {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Debian's program where it is there, else the registry's own image. */
async function start(folder: string, port: number): Promise<() => Promise<void>> {
  const isInstalled = (await run('which', ['docker-registry'])).exitCode === 0
  const inside = isInstalled ? folder : '/registry'
  const config = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: isInstalled ? `${folder}/storage` : '/var/lib/registry' } },
    http: { addr: isInstalled ? `127.0.0.1:${String(port)}` : ':5000' },
    auth: { htpasswd: { realm: 'test', path: `${inside}/htpasswd` } },
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  if (isInstalled) {
    const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
    const ended = new Promise(resolve => child.on('close', resolve))
    return async () => {
      child.kill('SIGKILL')
      await ended
    }
  }
  const publish = `127.0.0.1:${String(port)}:5000`
  const args = [
    '--detach',
    '--publish',
    publish,
    '--volume',
    `${folder}:/registry:ro`,
    'registry:2',
    '/registry/config.yml',
  ]
  const { stdout: container } = await run('docker', ['run', ...args])
  return async () => {
    await run('docker', ['rm', '--force', '--volumes', container.trim()])
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

async function answered(address: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`http://${address}/v2/`).catch(() => undefined)
    if (response?.status === 401) return
    await sleep(100)
  }
  throw new Error(`the registry at ${address} does not answer`)
}
