/** The HTML report in a browser: what it shows, and what its filters leave. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../src/model.js'
import { renderHtml } from '../../src/report/html.js'
import { bed, removeTemporaryFolders, run, temporaryFolder } from '../testbed.js'
import { situations } from './situations.js'

afterAll(removeTemporaryFolders)

/** The page as the browser has it once its script has run. @param hash with the filters */
async function open(name: string, hash = ''): Promise<string> {
  const folder = temporaryFolder()
  const file = join(folder, 'report.html')
  writeFileSync(file, renderHtml(situations[name] as Report))
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', ...quiet, `--user-data-dir=${join(folder, 'profile')}`]
  const { stdout, stderr } = await run(bed.chromium.path, [...flags, '--dump-dom', `file://${file}${hash}`])
  if (stdout === '') throw new Error(stderr)
  return stdout
}

/** The findings that are to be seen, and what the page says of how many there are. */
function seen(dom: string): { ids: string[]; count: string | undefined } {
  const rows = dom.match(/<tr data-image[^]*?<\/tr>/g) ?? []
  const shown = rows.filter(row => !/^<tr[^>]* hidden/.test(row))
  return { ids: shown.map(row => /CVE-[\d-]+/.exec(row)?.[0] ?? ''), count: /<output>(.*?)<\/output>/.exec(dom)?.[1] }
}

describe('the HTML report in a browser', () => {
  it.each([
    ['', ['CVE-2022-0778', 'CVE-2019-10744', 'CVE-2014-0160']],
    ['#ruling=', ['CVE-2022-0778', 'CVE-2019-10744', 'CVE-2014-0160', 'CVE-2023-45853', 'CVE-2014-3566']],
    ['#severity=HIGH', ['CVE-2014-0160']],
    ['#origin=base+image', ['CVE-2022-0778']],
    ['#text=LODASH', ['CVE-2019-10744']],
    ['#text=libssl+heartbeat', ['CVE-2014-0160']],
    ['#image=web&severity=CRITICAL&ruling=no+fix+yet', ['CVE-2023-45853']],
    ['#text=nowhere', []],
  ])('shows what is asked for with %j', async (hash, ids) => {
    expect(seen(await open('mixed', hash))).toEqual({ ids, count: `${String(ids.length)} of 5 shown` })
  })

  it('runs nothing that came from elsewhere', async () => {
    const dom = await open('hostile-names')
    expect(seen(dom).count).toBe('1 of 1 shown')
    expect(dom.match(/<script/g)).toHaveLength(1)
    expect(dom).not.toMatch(/<img|<iframe|<svg/)
  })

  it('filters many thousand findings', async () => {
    expect(seen(await open('two-hundred-images', '#image=image-003')).count).toBe('100 of 5000 shown')
  })
})
