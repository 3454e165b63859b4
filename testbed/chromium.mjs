// @ts-check
/** A browser to look at reports with: Chrome or Chromium on PATH, else Debian's package. */
import { installPrograms } from './debian.mjs'
import { onPath } from './shell.mjs'

/** @param {import('./shell.mjs').Log} log */
export async function provideChromium(log) {
  const find = () =>
    ['chromium', 'chromium-browser', 'google-chrome'].map(name => onPath(name)).find(path => path !== undefined)
  if (find() === undefined) await installPrograms({ chromium: 'chromium' }, log)
  return { path: find() ?? 'chromium' }
}
