// @ts-check
/** Programs that go on when the one that started them has ended. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'

/** What the kernel says of a process. Elsewhere than on Linux: nothing. @param {number} pid */
function readProcess(pid) {
  try {
    // The name, in parentheses, may itself hold spaces and parentheses.
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Tells a process from a later one that got the same number. @param {number} pid */
export const startOf = pid => readProcess(pid)?.started

/** @param {number} pid @param {string} [started] as `startOf` said when it was started */
export function isRunning(pid, started) {
  if (existsSync('/proc/self/stat')) {
    const found = readProcess(pid)
    // A zombie has ended; only its parent has not yet asked how.
    return found !== undefined && found.state !== 'Z' && (started === undefined || found.started === started)
  }
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** @param {string} file */
function lastLines(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-12).join('\n') : ''
}

/**
 * Starts a service in a session of its own, and waits until it answers.
 * @param {string} command @param {string[]} args
 * @param {{logFile: string, started: (pid: number) => void, answers: () => boolean | Promise<boolean>, seconds: number}} options
 * started: told at once, so that a service that never answers can still be stopped
 */
export async function startService(command, args, { logFile, started, answers, seconds }) {
  const output = openSync(logFile, 'w')
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  const pid = await new Promise((resolve, reject) => {
    child.on('spawn', () => resolve(child.pid ?? 0))
    child.on('error', error => reject(new Error(`${command} could not be started: ${error.message}`)))
  })
  child.unref()
  started(pid)
  await waitUntil(answers, seconds, () => isRunning(pid)).catch(error => {
    throw new Error(`${command} ${error.message}. The end of ${logFile}:\n${lastLines(logFile)}`)
  })
}

/** @param {() => boolean | Promise<boolean>} answers @param {number} seconds @param {() => boolean} alive */
export async function waitUntil(answers, seconds, alive = () => true) {
  const end = Date.now() + seconds * 1000
  while (!(await answers())) {
    if (!alive()) throw new Error('ended by itself')
    if (Date.now() > end) throw new Error(`does not answer after ${String(seconds)} s`)
    await pause(200)
  }
}

/** @param {number} pid @param {string} [started] */
export async function stopProcess(pid, started) {
  if (!isRunning(pid, started)) return
  signal(pid, 'SIGTERM')
  // An engine gives its containers 10 to 15 s before it goes.
  for (let tries = 0; isRunning(pid, started) && tries < 300; tries += 1) await pause(100)
  if (isRunning(pid, started)) signal(pid, 'SIGKILL')
  for (let tries = 0; isRunning(pid, started) && tries < 20; tries += 1) await pause(100)
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in the meantime.
  }
}

/** @param {number} milliseconds */
const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))
