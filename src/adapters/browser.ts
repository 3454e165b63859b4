import { spawn } from 'node:child_process'
import { ToolError } from '../errors.js'

/** The program that opens a file in what the user has chosen for it, by platform as Node names it. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
}

/**
 * Opens a file in the user's browser, and does not wait for it to be closed.
 * @param path absolute
 * @throws ToolError where there is nothing to open it with
 */
export async function openInBrowser(path: string): Promise<void> {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open']
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, [...args, path], { stdio: 'ignore', detached: true })
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
    child.once('error', error => {
      reject(new ToolError(`${command} does not start: ${error.message}`, `Open ${path} yourself.`))
    })
  })
}
