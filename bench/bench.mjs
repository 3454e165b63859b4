// @ts-check
/** Image Gate beside what a user would run instead: on one machine, on one engine, in one go, in turns. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectFolder } from '../testbed/state.mjs'
import { up } from '../testbed/testbed.mjs'
import { generateImages, kinds } from './images.mjs'
import { median, renderPlot, renderTable, variants } from './render.mjs'
import { variantsOn } from './variants.mjs'

/** @typedef {import('./images.mjs').Kind} Kind */
/** @typedef {import('./variants.mjs').VariantName} VariantName */
/** @typedef {import('./render.mjs').Figures} Figures */
/** @typedef {{seconds: number, cpu: number, peakMb?: number, work?: unknown}} Sample */

const usage = 'npm run bench -- [--sizes 1,8,32] [--runs 3] [--sets small,big] [--json FILE] [--svg FILE] [--profile]'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,8,32' },
    runs: { type: 'string', default: '3' },
    sets: { type: 'string', default: 'small,big' },
    json: { type: 'string' },
    svg: { type: 'string', default: 'docs/bench.svg' },
    profile: { type: 'boolean', default: false },
  },
})

/** @param {string} text */
const say = text => void process.stdout.write(`${text}\n`)

/** @param {string} text @param {string} option */
function readNumbers(text, option) {
  const numbers = text.split(',').map(Number)
  if (numbers.some(number => !Number.isInteger(number) || number < 1)) {
    throw new Error(`--${option}: '${text}' is not a list of whole numbers above 0. Usage: ${usage}`)
  }
  return numbers
}

/** @param {string} text @returns {Kind[]} */
function readSets(text) {
  const unknown = text.split(',').filter(name => !kinds.some(kind => kind === name))
  if (unknown.length > 0)
    throw new Error(`--sets: '${unknown.join(',')}' is none of: ${kinds.join(', ')}. Usage: ${usage}`)
  return kinds.filter(kind => text.split(',').includes(kind))
}

/** What all processors did so far, engine and all, in seconds; 0 where that cannot be read. */
function busySeconds() {
  try {
    const [, user = 0, nice = 0, system = 0] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
      .split(/\s+/)
      .map(Number)
    // In hundredths of a second on every Linux that Node runs on (USER_HZ).
    return (user + nice + system) / 100
  } catch {
    return 0
  }
}

/**
 * @param {ReturnType<typeof variantsOn>} ways @param {VariantName} name @param {{size: number, kind: Kind}} what
 * @returns {Promise<Sample>}
 */
async function measure(ways, name, what) {
  const folder = mkdtempSync(join(tmpdir(), 'image-gate-bench-'))
  try {
    const [root, work] = [join(folder, 'repository'), join(folder, 'work')]
    mkdirSync(work)
    const salt = `${name}-${String(Date.now())}`
    const job = { root, work, images: generateImages(root, { ...what, salt }) }
    const [started, busy] = [Date.now(), busySeconds()]
    const outcome = await ways[name](job)
    const sample = { seconds: (Date.now() - started) / 1000, cpu: busySeconds() - busy, ...outcome }
    ways.clean(job)
    return sample
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {ReturnType<typeof variantsOn>} ways @param {{size: number, kind: Kind}} what @param {number} runs @returns {Promise<Figures>} */
async function compare(ways, what, runs) {
  const samples = /** @type {Record<VariantName, Sample[]>} */ ({ scripts: [], common: [], gate: [], floor: [] })
  for (let run = 0; run < runs; run += 1) {
    // Each time another one begins: what a machine does meanwhile should not meet always the same one.
    const order = [...variants.slice(run % variants.length), ...variants.slice(0, run % variants.length)]
    for (const { name, label } of order) {
      const sample = await measure(ways, name, what)
      samples[name].push(sample)
      say(`  ${what.kind}, N=${String(what.size)}, run ${String(run + 1)}: ${label} ${sample.seconds.toFixed(1)} s`)
      if (values.profile && sample.work !== undefined) say(`    ${JSON.stringify(sample.work)}`)
    }
  }
  const medians = (/** @type {(sample: Sample) => number} */ read) =>
    /** @type {Record<VariantName, number>} */ (
      Object.fromEntries(variants.map(({ name }) => [name, round(median(samples[name].map(read)))]))
    )
  const peakMb = round(Math.max(...samples.gate.map(sample => sample.peakMb ?? 0)))
  return { ...medians(({ seconds }) => seconds), peakMb, cpu: medians(({ cpu }) => cpu) }
}

/** @param {number} value */
const round = value => Math.round(value * 100) / 100

async function main() {
  const sizes = readNumbers(values.sizes, 'sizes')
  const [runs = 1] = readNumbers(values.runs, 'runs')
  const sets = readSets(values.sets)
  const bed = await up(['engine', 'trivy', 'registry', 'base', 'database', 'node24'], { log: say })
  const cacheDir = mkdtempSync(join(tmpdir(), 'image-gate-bench-cache-'))
  try {
    const ways = variantsOn(bed, cacheDir)
    await ways.prepare()
    const processors = cpus()
    const machine = {
      processors: processors.length,
      model: processors[0]?.model ?? 'unknown',
      memoryGb: Math.round(totalmem() / 2 ** 30),
      docker: bed.engine?.version,
      date: new Date().toISOString().slice(0, 10),
    }
    /** @type {Partial<Record<Kind, Record<string, Figures>>>} */
    const results = {}
    for (const kind of sets) {
      results[kind] = {}
      for (const size of sizes) results[kind][size] = await compare(ways, { size, kind }, runs)
    }
    const titles = { small: 'Small layers of their own', big: 'Big layers of their own (40 MB)' }
    for (const kind of sets) say(`\n${renderTable(titles[kind], results[kind] ?? {})}`)
    const { small, ...others } = results
    const json = { machine, runs, sizes: small ?? results.big, ...(small && others.big ? { big: others.big } : {}) }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, null, 2)}\n`)
    if (values.svg !== '' && small !== undefined && sizes.length > 1) {
      const about = `${String(machine.processors)} processors, ${String(machine.memoryGb)} GB`
      writeFileSync(join(projectFolder, values.svg), renderPlot(small, about))
    }
  } finally {
    rmSync(cacheDir, { recursive: true, force: true })
  }
}

await main().catch(error => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
