// @ts-check
/** Running other programs, and saying what takes long. */
import { spawn, spawnSync } from 'node:child_process'

/** @typedef {(line: string) => void} Log */

/**
 * Asks a program something short. Never throws.
 * @param {string} command @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv, timeout?: number, cwd?: string}} [options] timeout in milliseconds
 */
export function ask(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: options.env ?? process.env,
    timeout: options.timeout ?? 30_000,
    cwd: options.cwd,
    maxBuffer: 64 * 1024 * 1024,
  })
  return { ok: status === 0, stdout: (stdout ?? '').trim(), stderr: (stderr ?? '').trim() }
}

/**
 * Does something that may take long, and says every few seconds that it still does.
 * @template T @param {Log} log @param {string} title @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function step(log, title, work) {
  const started = Date.now()
  const seconds = (digits = 0) => `${((Date.now() - started) / 1000).toFixed(digits)} s`
  log(`${title} ...`)
  const timer = setInterval(() => log(`${title} ... ${seconds()}`), 5000)
  try {
    const result = await work()
    log(`${title}: done in ${seconds(1)}`)
    return result
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `${title}: failed after ${seconds(1)}.\n${reason}\nMend that and run again: what is done already is kept.`,
      { cause: error },
    )
  } finally {
    clearInterval(timer)
  }
}

/**
 * Runs a program to its end; its output is only shown when it fails.
 * @param {string} command @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string, input?: import('node:stream').Readable}} [options]
 * @returns {Promise<string>} what it printed
 */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const said = /** @type {string[]} */ ([])
    child.stdout.on('data', data => said.push(String(data)))
    child.stderr.on('data', data => said.push(String(data)))
    child.on('error', error => reject(new Error(`${command} could not be started: ${error.message}`)))
    child.on('close', status => {
      const text = said.join('')
      if (status === 0) return resolve(text)
      const tail = text.trim().split('\n').slice(-15).join('\n')
      reject(new Error(`${command} ${args.slice(0, 3).join(' ')} ended with ${String(status)}:\n${tail}`))
    })
    if (options.input === undefined) child.stdin.end()
    else options.input.pipe(child.stdin)
  })
}

/** @param {string} name @param {NodeJS.ProcessEnv} [env] */
export function onPath(name, env = process.env) {
  const { ok, stdout } = ask('sh', ['-c', `command -v ${name}`], { env })
  return ok ? stdout : undefined
}
