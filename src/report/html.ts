/** The HTML report: one file that a person opens, with everything in it that can be looked through. */
import { severities, type Exception, type ImageVerdict, type Report, type RunContext } from '../model.js'
import { encodePart, lineAddress } from './address.js'
import { visibleName } from './characters.js'
import { factsOf } from './facts.js'
import { findings } from './html-findings.js'
import { renderPage } from './html-page.js'
import { anchor, markup, nothing, table, type Markup } from './markup.js'
import { partOf } from './part.js'
import { adviceText, commonStep, effectText } from './steps.js'
import { notCounted } from './tally.js'
import {
  comparisonText,
  count,
  durationText,
  exceptionText,
  headline,
  imagesIn,
  numberText,
  placeText,
  sentenceList,
  stateText,
  systemText,
  workRows,
} from './text.js'

export function renderHtml(report: Report): string {
  const { repository, pullRequest } = report.context
  const where = [repository, pullRequest === undefined ? undefined : `#${String(pullRequest)}`]
  const title = ['Image Gate', ...where.filter(part => part !== undefined)].join(' · ')
  return renderPage(title, [
    banner(report),
    notes(report),
    steps(report),
    images(report),
    ...imagesIn(report, 'build-failed', 'scan-failed').map(image => failurePart(image, report.context)),
    findings(report),
    asides(report),
    footer(report),
  ])
}

function banner(report: Report): Markup {
  const { verdict, context } = report
  const counts = severities
    .filter(severity => verdict.counts[severity] > 0)
    .map(
      severity =>
        markup`<li class="${severity}"><b>${numberText(verdict.counts[severity])}</b>${severity.toLowerCase()}</li>`,
    )
  const facts = [
    context.repository,
    context.pullRequest === undefined ? undefined : `pull request ${String(context.pullRequest)}`,
    context.sha?.slice(0, 7),
    report.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
  ].filter(fact => fact !== undefined)
  const run = context.runUrl === undefined ? nothing : markup` · ${anchor('the run', context.runUrl)}`
  const passed = notCounted(verdict)
  return markup`<header class="${verdict.result}">
      <h1>${headline(report)}</h1>
      <div class="quiet">${facts.join(' · ')}${run}</div>
    </header>
    ${counts.length === 0 ? nothing : markup`<ul class="counts">${counts}</ul>`}
    ${passed.length === 0 ? nothing : markup`<p class="quiet">Not counted: ${sentenceList(passed)}.</p>`}`
}

/** What makes the verdict worth less than it looks, what went wrong for the whole run, and what was perhaps forgotten. */
function notes({ warnings, verdict, ignored }: Report): Markup {
  const suspicious = ignored.filter(entry => entry.suspicious).map(({ path, reason }) => `${path}: ${reason}`)
  const texts = [...warnings, ...(verdict.problem?.messages ?? []), ...suspicious]
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
  const counted = severities.filter(severity => verdict.counts[severity] > 0)
  const time = (value: number): string => (value === 0 ? '' : durationText(value))
  const rows = verdict.images.map(
    image =>
      markup`<tr>
      <td><a href="#image=${encodePart(image.image.name)}">${visibleName(image.image.name)}</a></td>
      <td><span class="${image.state}">${stateText(image)}</span>${comparisonText(image)}</td>
      ${counted.map(severity => markup`<td class="number ${severity}">${numberText(image.counts[severity]).replace(/^0$/, '')}</td>`)}
      <td>${systemText(image)}</td>
      <td class="number">${image.packages ?? ''}</td>
      <td class="number">${time(image.buildDuration)}</td>
      <td class="number">${time(image.scanDuration)}</td>
    </tr> `,
  )
  const numbers = counted.map(severity => ({ number: capitalised(severity) }))
  const header = ['Image', 'State', ...numbers, 'System', ...['Packages', 'Build', 'Scan'].map(number => ({ number }))]
  return markup`<h2>Images</h2>
    ${table(header, rows, 'images')}`
}

function failurePart(verdict: ImageVerdict, context: RunContext): Markup {
  return partOf(
    () => failure(verdict, context),
    reason => markup`<h2>${verdict.image.name}</h2><p>Why is not here, since ${reason}: see the JSON report.</p>`,
  )
}

function failure(verdict: ImageVerdict, context: RunContext): Markup {
  const { image, failure: what } = verdict
  if (what === undefined) return nothing
  const address = what.lines === undefined ? undefined : lineAddress(context, image.dockerfile, what.lines)
  return markup`<h2>${visibleName(image.name)}: ${stateText(verdict)}</h2>
    <p><code>${anchor(placeText(image.dockerfile, what.lines), address)}</code>: ${what.message}</p>
    <p>${what.advice}</p>
    ${what.log.length === 0 ? nothing : markup`<pre>${lines(what.log)}</pre>`}`
}

/** A line end within a value would be shown as a sign, as in any other text. */
function lines(log: readonly string[]): readonly Markup[] {
  return log.map(line => markup`${line.replaceAll('\t', '    ')}\n`)
}

/** What somebody should know besides what blocks: what a changed policy would do, exceptions, and the work. */
function asides({ policyEffects, verdict: { exceptions: use }, work }: Report): Markup {
  const lists = [
    ['After the merge, the changed policy would decide otherwise', (policyEffects ?? []).map(one => effectText(one))],
    ['Exceptions that expired, and count for nothing any more', use.expired.map(exceptionLine)],
    ['Exceptions that will expire within two weeks', use.expiring.map(exceptionLine)],
    ['Exceptions that nothing needs', use.unused.map(exceptionLine)],
    ['Where the time went', work === undefined ? [] : workRows(work).map(workLine)],
  ] as const
  const sections = lists.flatMap(([title, items]) =>
    items.length === 0
      ? []
      : markup`<h2>${title}</h2>
          <ul>
            ${items.map(item => markup`<li>${item}</li>`)}
          </ul>`,
  )
  return markup`${sections}`
}

const exceptionLine = (exception: Exception): string => `${exception.id}: ${exceptionText(exception)}`

const workLine = ([step, took, detail]: readonly string[]): string =>
  [step, took, detail].filter(part => part !== '').join(' · ')

function footer(report: Report): Markup {
  return markup`<footer>${factsOf(report).join(' · ')}</footer>`
}

function capitalised(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase()
}
