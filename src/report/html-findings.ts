/** The table of findings in the HTML report, with its filters. */
import { severities, type ImageContext, type JudgedFinding, type Report, type RunContext } from '../model.js'
import { lineAddress } from './address.js'
import { anchor, markup, nothing, table, type Markup } from './markup.js'
import { partOf } from './part.js'
import { visibleName } from './characters.js'
import { fairShare, type Placed } from './placed.js'
import { count, exceptionText, placeText, remedyText, rulingText, subjectText } from './text.js'

/** A browser still filters so many rows without a pause; the JSON report has all of them. */
const maxRows = 5_000

export function findings({ verdict, context }: Report): Markup {
  const shown = fairShare(verdict.images, maxRows)
  if (shown.length === 0) return nothing
  const rest = verdict.images.reduce((sum, image) => sum + image.findings.length, 0) - shown.length
  const header = ['Severity', 'Finding', 'Image', 'In', 'Remedy', 'Brought by', 'Ruling']
  return markup`<h2 id="findings-title">Findings</h2>
    ${filters(shown)}
    <div id="findings">${table(
      header,
      shown.map(placed =>
        partOf(
          () => row(placed, context),
          reason => markup`<tr><td colspan="${header.length}">A finding is not here, since ${reason}.</td></tr>`,
        ),
      ),
    )}</div>
    ${rest === 0 ? nothing : markup`<p class="quiet">… and ${count(rest, 'more finding')}, less severe or not gating: see the JSON report. Of each image the worst are here.</p>`} `
}

function filters(rows: readonly Placed[]): Markup {
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

function row({ image: { image }, finding }: Placed, context: RunContext): Markup {
  const { severity, id, url, title = '', ruling, exception } = finding
  const by = finding.kind === 'vulnerability' ? finding.severitySource : undefined
  return markup`<tr
    data-image="${image.name}"
    data-severity="${severity}"
    data-origin="${originKind(finding)}"
    data-ruling="${rulingText(ruling)}"
  >
    <td><b class="${severity}">${severity}</b><small>${by === undefined ? '' : `by ${by}`}</small></td>
    <td>${anchor(id, url)}<small>${title}</small></td>
    <td class="name">${visibleName(image.name)}</td>
    <td><code>${subjectText(finding)}</code><small>${pathOf(finding, image, context)}</small></td>
    <td>${remedyText(finding)}</td>
    <td>${broughtBy(finding, image, context)}</td>
    <td>${rulingText(ruling)}<small>${exception === undefined ? '' : exceptionText(exception)}</small></td>
  </tr> `
}

/** Where a package lies: in the image, or in the lock file. */
function pathOf(finding: JudgedFinding, image: ImageContext, context: RunContext): Markup | string {
  if (finding.kind !== 'vulnerability') return ''
  const { place, package: subject } = finding
  return place === undefined ? (subject.path ?? '') : placeMarkup(place, image, context)
}

function broughtBy({ origin, place }: JudgedFinding, image: ImageContext, context: RunContext): Markup {
  if (origin !== undefined) {
    return markup`<code>${placeMarkup(origin, image, context)}</code><small>${origin.instruction}</small>`
  }
  return place === undefined ? nothing : markup`<code>${placeMarkup(place, image, context)}</code>`
}

/** Short, since the image stands beside it; whole for whoever points at it. */
function placeMarkup(
  { file, lines }: NonNullable<JudgedFinding['place']>,
  { contextDir }: ImageContext,
  context: RunContext,
): Markup {
  const short = file.startsWith(`${contextDir}/`) ? file.slice(contextDir.length + 1) : file
  const address = lines === undefined ? undefined : lineAddress(context, file, lines)
  return markup`<span title="${placeText(file, lines)}">${anchor(placeText(short, lines), address)}</span>`
}

function originKind({ origin, place }: JudgedFinding): string {
  if (origin !== undefined) return origin.fromBase ? 'base image' : 'Dockerfile'
  return place === undefined ? 'no single line' : 'lock file'
}
