// @ts-check
/** What it takes to decide on very many findings and to render every report of them: 2,000 an image. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, root } from '../scripts/bundle.mjs'

/** @typedef {{images: number, each: number, times: Record<string, number>, cpu: number, inputMb: number, peakMb: number, sizes: {summaryKb: number, commentKb: number, jsonMb: number, sarifMb: number}}} Figures */

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '50,100,200' },
    each: { type: 'string', default: '2000' },
    heap: { type: 'string', default: '400' },
    json: { type: 'string' },
  },
})

// Inside of the project, so that the bundler finds what it needs.
mkdirSync(join(root, 'build'), { recursive: true })
const work = mkdtempSync(join(root, 'build/bench-'))
try {
  bundle('bench/report-entry.ts', work)
  /** @type {Figures[]} */
  const all = values.sizes.split(',').map(size => {
    const args = ['--expose-gc', `--max-old-space-size=${values.heap}`, join(work, 'index.js'), size, values.each]
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  })
  for (const { images, each, times, cpu, inputMb, peakMb, sizes } of all) {
    const { decide = 0, explain = 0, advise = 0, ...reports } = times
    const seconds = Object.values(reports).reduce((sum, time) => sum + time, 0)
    const parts = Object.entries(times).map(([name, time]) => `${name} ${time.toFixed(2)}`)
    const lines = [
      `${String(images)} images x ${String(each)}: reports ${seconds.toFixed(2)} s (CPU ${cpu.toFixed(2)} s), before them ${(decide + explain + advise).toFixed(2)} s (${parts.join(', ')})`,
      `  input ${String(inputMb)} MB, peak ${String(peakMb)} MB; summary ${String(sizes.summaryKb)} kB, comment ${String(sizes.commentKb)} kB, JSON ${String(sizes.jsonMb)} MB, SARIF ${String(sizes.sarifMb)} MB packed`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
