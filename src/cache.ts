/**
 * The client of the Actions cache, in a process of its own: `cache.js restore KEY` and `cache.js save KEY`, for the folder
 * `content` of the working directory. Ends with 0 when it did so.
 */
import { restoreCache, saveCache } from '@actions/cache'
import { contentFolder } from './adapters/actions-shelf.js'

async function run([what = '', key = '']: readonly string[]): Promise<boolean> {
  if (what === 'save') return (await saveCache([contentFolder], key)) >= 0
  // The service may also answer with an entry whose key only begins so.
  return (await restoreCache([contentFolder], key)) === key
}

process.exit((await run(process.argv.slice(2))) ? 0 : 1)
