/** What makes the HTML report a page: its looks and its filters. Both are in the file itself; it asks nobody for anything. */
import { createHash } from 'node:crypto'
import { markup, Markup } from './markup.js'

const style = `
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --panel: #f6f8fa; --link: #0969da;
  --critical: #a40e26; --high: #bc4c00; --medium: #7d4e00; --low: #57606a; --unknown: #57606a;
  --passed: #1a7f37; --blocked: #cf222e; --error: #9a6700; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0d1117; --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; --panel: #151b23; --link: #4493f8;
  --critical: #ff7b72; --high: #f0883e; --medium: #d29922; --low: #9198a1; --unknown: #9198a1;
  --passed: #3fb950; --blocked: #f85149; --error: #d29922; } }
* { box-sizing: border-box; } [hidden] { display: none !important; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
a { color: var(--link); } code, pre { font: .87em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; } .quiet { color: var(--quiet); }
header { border-left: .4rem solid var(--tone); padding: .2rem 0 .2rem 1rem; }
header.passed { --tone: var(--passed); } header.blocked { --tone: var(--blocked); } header.error { --tone: var(--error); }
.counts { display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; padding: 0; margin: 1rem 0 0; }
.counts li { border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); padding: .4rem .9rem; }
.counts b { font-size: 1.3rem; margin-right: .3rem; }
.note { border: 1px solid var(--line); border-left: .4rem solid var(--error); background: var(--panel); padding: .5rem 1rem; margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .7rem .35rem 0; vertical-align: top; }
thead th { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.name { min-width: 8rem; } table.images { width: auto; } table.images :is(th, td) { padding-right: 1.8rem; }
td small { display: block; color: var(--quiet); font-size: .87em; }
.CRITICAL { color: var(--critical); } .HIGH { color: var(--high); } .MEDIUM { color: var(--medium); }
.LOW { color: var(--low); } .UNKNOWN { color: var(--unknown); } 
.clean { color: var(--passed); } .vulnerable { color: var(--blocked); } .build-failed, .scan-failed { color: var(--error); }
.filters { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; position: sticky; top: 0; z-index: 1;
  background: var(--paper); border-bottom: 1px solid var(--line); padding: .6rem 0; }
.filters label { display: grid; gap: .15rem; font-size: .87em; color: var(--quiet); }
.filters input, .filters select, .filters button { font: inherit; color: var(--ink); background: var(--panel);
  border: 1px solid var(--line); border-radius: .4rem; padding: 0 .5rem; height: 2.1rem; min-width: 8rem; max-width: 20rem; }
.filters output { margin-left: auto; color: var(--quiet); }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; overflow-x: auto; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem; color: var(--quiet); font-size: .9em; }
@media print { .filters { display: none; } body { max-width: none; } }
`

/**
 * Filters stand in the address, after the hash, so that a view can be kept and sent on. Without a script all rows are
 * there.
 */
const script = `
const form = document.querySelector('.filters')
const rows = [...document.querySelectorAll('#findings tbody tr')]
const shown = document.querySelector('.filters output')
if (form) {
  const fields = [...form.elements].filter(field => field.name)
  const show = () => {
    const wanted = Object.fromEntries(fields.map(({ name, value }) => [name, value]))
    const words = wanted.text.toLowerCase().split(/\\s+/).filter(word => word !== '')
    let count = 0
    for (const row of rows) {
      const fits = ['image', 'severity', 'origin', 'ruling'].every(name => wanted[name] === '' || row.dataset[name] === wanted[name])
      const text = words.length === 0 ? '' : row.textContent.toLowerCase()
      row.hidden = !fits || !words.every(word => text.includes(word))
      if (!row.hidden) count += 1
    }
    shown.value = count + ' of ' + rows.length + ' shown'
  }
  const read = () => {
    const wanted = new URLSearchParams(location.hash.slice(1))
    for (const field of fields) field.value = wanted.get(field.name) ?? field.dataset.preset ?? ''
    show()
  }
  const keep = () => {
    const wanted = new URLSearchParams(fields.filter(({ value, dataset }) => value !== (dataset.preset ?? '')).map(({ name, value }) => [name, value]))
    history.replaceState(null, '', '#' + wanted)
    show()
  }
  form.hidden = false
  form.addEventListener('input', keep)
  form.addEventListener('submit', event => event.preventDefault())
  form.querySelector('button').addEventListener('click', () => {
    history.replaceState(null, '', location.pathname + location.search)
    read()
  })
  addEventListener('hashchange', () => {
    read()
    document.querySelector('#findings-title').scrollIntoView()
  })
  read()
}
`

/** Should anything foreign come through after all, the browser neither runs it nor lets it load or send anything. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${digestOf(style)}'`,
  `script-src 'sha256-${digestOf(script)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

export function renderPage(title: string, body: readonly Markup[]): string {
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>${new Markup(style)}</style>
      </head>
      <body>
        ${body}
        <script>${new Markup(script)}</script>
      </body>
    </html> `
  return page.text
}
