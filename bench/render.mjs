// @ts-check
/** What was measured, as a table and as a plot. */

/** @typedef {import('./variants.mjs').VariantName} VariantName */
/** @typedef {Record<VariantName, number> & {peakMb: number, cpu: Record<VariantName, number>}} Figures seconds, medians */

/** @type {readonly {name: VariantName, label: string, colour: string}[]} */
export const variants = [
  { name: 'scripts', label: 'two scripts', colour: '#b35900' },
  { name: 'common', label: 'common action', colour: '#8250df' },
  { name: 'gate', label: 'Image Gate', colour: '#1a7f37' },
  { name: 'floor', label: 'bake and save, no scan', colour: '#6e7781' },
]

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return (low + high) / 2
}

/** @param {string} title @param {Record<string, Figures>} sizes */
export function renderTable(title, sizes) {
  const header = ['N', ...variants.map(({ label }) => `${label} s`), 'a/c', 'b/c', 'c/d', 'peak MB', 'CPU s a/b/c/d']
  const rows = Object.entries(sizes).map(([size, figures]) => [
    size,
    ...variants.map(({ name }) => figures[name].toFixed(1)),
    (figures.scripts / figures.gate).toFixed(1),
    (figures.common / figures.gate).toFixed(1),
    (figures.gate / figures.floor).toFixed(2),
    figures.peakMb.toFixed(0),
    variants.map(({ name }) => figures.cpu[name].toFixed(0)).join('/'),
  ])
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map(row => row[column]?.length ?? 0)))
  const line = (/** @type {string[]} */ cells) => cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ')
  return [title, line(header), ...rows.map(line)].join('\n')
}

const [width, height] = [720, 400]
const frame = { left: 56, right: 170, top: 40, bottom: 44 }

/** Wall time against the number of images. @param {Record<string, Figures>} sizes @param {string} machine */
export function renderPlot(sizes, machine) {
  const numbers = Object.keys(sizes).map(Number)
  const most = Math.max(...numbers)
  const longest = Math.max(
    ...Object.values(sizes).map(figures => Math.max(...variants.map(({ name }) => figures[name]))),
  )
  const x = (/** @type {number} */ size) => frame.left + (size / most) * (width - frame.left - frame.right)
  const y = (/** @type {number} */ seconds) =>
    height - frame.bottom - (seconds / longest) * (height - frame.top - frame.bottom)
  const lines = variants.map(({ name, label, colour }) => {
    const points = Object.entries(sizes).map(([size, figures]) => [x(Number(size)), y(figures[name])])
    const path = points.map(([px = 0, py = 0]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ')
    const dots = points.map(
      ([px = 0, py = 0]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3.5" fill="${colour}"/>`,
    )
    return {
      label,
      colour,
      end: points.at(-1)?.[1] ?? 0,
      shapes: [`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots],
    }
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${String(width)}" height="${String(height)}" fill="#ffffff"/>`,
    `<text x="${String(frame.left)}" y="22" font-weight="600" fill="#1f2328">Seconds for N images (${machine})</text>`,
    ...gridLines(longest, y),
    ...numbers.map(
      size =>
        `<text x="${x(size).toFixed(1)}" y="${String(height - 20)}" text-anchor="middle" fill="#57606a">${String(size)}</text>`,
    ),
    ...lines.flatMap(({ shapes }) => shapes),
    ...spread(lines).map(
      ({ label, colour, at }) => `<text x="${x(most) + 10}" y="${at.toFixed(1)}" fill="${colour}">${label}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n')
}

/** @param {number} longest @param {(seconds: number) => number} y */
function gridLines(longest, y) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find(size => longest / size <= 6) ?? 1000
  const marks = Array.from({ length: Math.floor(longest / step) + 1 }, (_, index) => index * step)
  return marks.flatMap(seconds => [
    `<line x1="${String(frame.left)}" x2="${String(width - frame.right)}" y1="${y(seconds).toFixed(1)}" y2="${y(seconds).toFixed(1)}" stroke="#d0d7de"/>`,
    `<text x="${String(frame.left - 8)}" y="${(y(seconds) + 4).toFixed(1)}" text-anchor="end" fill="#57606a">${String(seconds)}</text>`,
  ])
}

/** Labels at the ends of their lines, moved apart where they would touch. @template {{end: number}} L @param {L[]} lines */
function spread(lines) {
  let last = -Infinity
  return [...lines]
    .sort((a, b) => a.end - b.end)
    .map(line => {
      last = Math.max(line.end + 4, last + 18)
      return { ...line, at: last }
    })
}
