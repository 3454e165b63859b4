/** The HTML report: one file that a person opens, with everything in it that can be looked through. */
import {
  rulings,
  severities,
  type ImageVerdict,
  type JudgedFinding,
  type Report,
  type Ruling,
  type Severity,
} from '../model.js'
import { renderPage } from './html-page.js'
import { anchor, markup, nothing, type Markup } from './markup.js'
import {
  adviceText,
  commonStep,
  count,
  countsText,
  durationText,
  engineText,
  exceptionText,
  headline,
  imagesIn,
  placeText,
  policyText,
  remedyText,
  rulingText,
  stateText,
  subjectText,
  totalOf,
} from './text.js'

/** A browser still filters so many rows without a pause; the JSON report has all of them. */
const maxRows = 5_000

export function renderHtml(report: Report): string {
  const { repository, pullRequest } = report.context
  const where = [repository, pullRequest === undefined ? undefined : `#${String(pullRequest)}`]
  const title = ['Image Gate', ...where.filter(part => part !== undefined)].join(' · ')
  return renderPage(title, [
    banner(report),
    notes(report),
    steps(report),
    images(report),
    ...imagesIn(report, 'build-failed', 'scan-failed').map(failure),
    findings(report),
    footer(report),
  ])
}

function banner(report: Report): Markup {
  const { verdict, context } = report
  const counts = severities
    .filter(severity => verdict.counts[severity] > 0)
    .map(severity => markup`<li class="${severity}"><b>${verdict.counts[severity]}</b>${severity.toLowerCase()}</li>`)
  const facts = [
    context.repository,
    context.pullRequest === undefined ? undefined : `pull request ${String(context.pullRequest)}`,
    context.sha?.slice(0, 7),
    report.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
  ].filter(fact => fact !== undefined)
  const run = context.runUrl === undefined ? nothing : markup` · ${anchor('the run', context.runUrl)}`
  return markup`<header class="${verdict.result}">
      <h1>${headline(report)}</h1>
      <div class="quiet">${facts.join(' · ')}${run}</div>
    </header>
    ${counts.length === 0 ? nothing : markup`<ul class="counts">${counts}</ul>`}`
}

/** What makes the verdict worth less than it looks, and what went wrong for the whole run. */
function notes({ warnings, verdict }: Report): Markup {
  const texts = [...warnings, ...(verdict.problem?.messages ?? [])]
  return texts.length === 0 ? nothing : markup`<div class="note">${texts.map(text => markup`<div>${text}</div>`)}</div>`
}

function steps(report: Report): Markup {
  const { advice, verdict } = report
  const common = commonStep(report)
  const items = advice.length > 0 ? advice.slice(0, maxSteps).map(one => adviceText(one, verdict)) : [common]
  if (items.join('') === '') return nothing
  const rest = advice.slice(maxSteps).reduce((sum, { removes }) => sum + removes, 0)
  return markup`<h2>What to do next</h2>
    <ol>
      ${items.map(item => markup`<li>${item}</li>`)}
    </ol>
    ${rest === 0 ? nothing : markup`<p class="quiet">… and more for the other ${count(rest, 'finding')}: see the JSON report.</p>`} `
}

const maxSteps = 20

function images({ verdict }: Report): Markup {
  if (verdict.images.length === 0) return nothing
  const rows = verdict.images.map(image => {
    const time = (value: number): string => (value === 0 ? '' : durationText(value))
    return markup`<tr>
      <td><a href="#image=${encodeURIComponent(image.image.name)}">${image.image.name}</a></td>
      <td class="${image.state}">${stateText(image)}</td>
      ${severities.map(severity => markup`<td class="number ${severity}">${image.counts[severity] || ''}</td>`)}
      <td>
        ${image.os === undefined ? '' : `${image.os.family} ${image.os.name}${image.os.endOfLife ? ' (end of life)' : ''}`}
      </td>
      <td class="number">${image.packages ?? ''}</td>
      <td class="number">${time(image.buildDuration)}</td>
      <td class="number">${time(image.scanDuration)}</td>
    </tr> `
  })
  const header = ['Image', 'State', ...severities.map(capitalised), 'System', 'Packages', 'Build', 'Scan']
  return markup`<h2>Images</h2>
    ${table(header, rows)}`
}

function failure(verdict: ImageVerdict): Markup {
  const { image, failure: what } = verdict
  if (what === undefined) return nothing
  return markup`<h2>${image.name}: ${stateText(verdict)}</h2>
    <p><code>${placeText(image.dockerfile, what.lines)}</code>: ${what.message}</p>
    <p>${what.advice}</p>
    ${what.log.length === 0 ? nothing : markup`<pre>${lines(what.log)}</pre>`}`
}

/** A line end within a value would be shown as a sign, as in any other text. */
function lines(log: readonly string[]): readonly Markup[] {
  return log.map(line => markup`${line.replaceAll('\t', '    ')}\n`)
}

interface Row {
  readonly image: ImageVerdict
  readonly finding: JudgedFinding
}

function findings({ verdict }: Report): Markup {
  const all = worstFirst(verdict.images)
  if (all.length === 0) return nothing
  const shown = all.slice(0, maxRows)
  const rest = all.length - shown.length
  const header = ['Severity', 'Finding', 'Image', 'In', 'What helps', 'Brought by', 'Ruling']
  return markup`<h2 id="findings-title">Findings</h2>
    ${filters(shown)}
    <div id="findings">${table(header, shown.map(row))}</div>
    ${rest === 0 ? nothing : markup`<p class="quiet">… and ${count(rest, 'more finding')}, less severe or not gating: see the JSON report.</p>`} `
}

/** What blocks first, and of that the worst. */
function worstFirst(all: readonly ImageVerdict[]): Row[] {
  const buckets = new Map<string, Row[]>()
  const keyOf = (ruling: Ruling, severity: Severity): string => `${ruling} ${severity}`
  for (const image of all) {
    for (const finding of image.findings) {
      const key = keyOf(finding.ruling, finding.severity)
      const bucket = buckets.get(key)
      if (bucket === undefined) buckets.set(key, [{ image, finding }])
      else bucket.push({ image, finding })
    }
  }
  return rulings.flatMap(ruling => severities.flatMap(severity => buckets.get(keyOf(ruling, severity)) ?? []))
}

function filters(rows: readonly Row[]): Markup {
  const select = (name: string, label: string, values: Iterable<string>, preset = ''): Markup => {
    const options = [...new Set(values)].map(value => markup`<option value="${value}">${value}</option>`)
    return markup`<label
      >${label}<select name="${name}" data-preset="${preset}">
        <option value="">all</option>
        ${options}
      </select></label
    > `
  }
  const used = new Set(rows.map(({ finding }) => finding.severity))
  const blocks = rows.some(({ finding }) => finding.ruling === 'gating')
  return markup`<form class="filters" hidden>
    <label>Search<input name="text" type="search" placeholder="CVE, package, path" /></label>
    ${select('image', 'Image', rows.map(({ image }) => image.image.name).sort())}
    ${select(
      'severity',
      'Severity',
      severities.filter(severity => used.has(severity)),
    )}
    ${select('origin', 'Brought by', rows.map(({ finding }) => originKind(finding)).sort())}
    ${select(
      'ruling',
      'Ruling',
      rows.map(({ finding }) => rulingText(finding.ruling)),
      blocks ? rulingText('gating') : '',
    )}
    <button type="button">Reset</button><output></output>
  </form> `
}

function row({ image: { image }, finding }: Row): Markup {
  const { severity, id, url, title = '', origin, place, ruling, exception } = finding
  const where = origin === undefined ? place : { file: origin.file, lines: origin.lines }
  const path = finding.kind === 'vulnerability' ? placeText(finding.package.path ?? '', place?.lines) : ''
  return markup`<tr
    data-image="${image.name}"
    data-severity="${severity}"
    data-origin="${originKind(finding)}"
    data-ruling="${rulingText(ruling)}"
  >
    <td class="severity ${severity}">${severity}</td>
    <td>${anchor(id, url)}<small>${title}</small></td>
    <td>${image.name}</td>
    <td><code>${subjectText(finding)}</code><small>${path}</small></td>
    <td>${remedyText(finding)}</td>
    <td>
      ${where === undefined ? '' : markup`<code>${placeText(where.file, where.lines)}</code>`}<small
        >${origin?.instruction ?? ''}</small
      >
    </td>
    <td>${rulingText(ruling)}<small>${exception === undefined ? '' : exceptionText(exception)}</small></td>
  </tr> `
}

function originKind({ origin, place }: JudgedFinding): string {
  if (origin !== undefined) return origin.fromBase ? 'base image' : 'Dockerfile'
  return place === undefined ? 'no single line' : 'lock file'
}

function table(header: readonly string[], rows: readonly Markup[]): Markup {
  return markup`<div class="wide">
    <table>
      <thead>
        <tr>
          ${header.map(cell => markup`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div> `
}

function footer(report: Report): Markup {
  const { scanner, engine, verdict } = report
  const parts = [
    `Policy: ${policyText(report)}`,
    ...(totalOf(verdict.counts) === 0
      ? []
      : [`${count(totalOf(verdict.counts), 'finding')} that count: ${countsText(verdict.counts)}`]),
    ...(scanner === undefined ? [] : [`Trivy ${scanner.version}`]),
    ...(scanner?.database === undefined ? [] : [`database of ${scanner.database.updatedAt.slice(0, 10)}`]),
    ...(engine === undefined ? [] : [engineText(engine)]),
    `took ${durationText(report.duration)}`,
  ]
  return markup`<footer>${parts.join(' · ')}</footer>`
}

function capitalised(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase()
}
