/** The reports that are files, in one folder: for an artifact, for other programs, and for a person with a browser. */
import { join } from 'node:path'
import type { Report } from './model.js'
import type { Outlet, ReportWriter } from './ports.js'
import { planComment } from './report/comment.js'
import { renderHtml } from './report/html.js'
import { renderJsonReport } from './report/json-report.js'
import type { ReportPaths } from './report/outputs.js'
import { renderSarif } from './report/sarif.js'
import packageJson from '../package.json' with { type: 'json' }

/** Of CycloneDX in JSON: "Recognized file patterns" in its specification. */
const sbomEnding = '.cdx.json'

export class ReportFolder {
  readonly #directory: string
  readonly #files: ReportWriter
  readonly #paths = { report: '', html: '', sarif: '', sbom: '' }

  /** @param directory absolute; made when the first report is written */
  constructor(directory: string, files: ReportWriter) {
    this.#directory = directory
    this.#files = files
  }

  /** Where each report is, as far as it was written. */
  get paths(): ReportPaths {
    return this.#paths
  }

  readonly outlets: readonly Outlet[] = [
    {
      name: 'JSON report',
      deliver: async report => {
        this.#paths.report = await this.#write('report.json', renderJsonReport(report))
      },
    },
    {
      name: 'HTML report',
      deliver: async report => {
        this.#paths.html = await this.#write('report.html', renderHtml(report))
      },
    },
    {
      name: 'SARIF report',
      deliver: async report => {
        this.#paths.sarif = await this.#write('report.sarif', renderSarif(report, packageJson.version))
      },
    },
    { name: 'SBOMs', deliver: report => this.#keepSboms(report) },
    {
      // For a workflow that may comment where this one may not: see examples/workflows/comment.yml.
      name: 'comment as a file',
      deliver: async report => {
        const body = report.context.pullRequest === undefined ? undefined : planComment(report, 'always')
        if (body !== undefined) await this.#write('comment.md', body)
      },
    },
  ]

  async #write(name: string, text: string | Iterable<string>): Promise<string> {
    const path = join(this.#directory, name)
    await this.#files.writeText(path, text)
    return path
  }

  async #keepSboms({ verdict }: Report): Promise<void> {
    const directory = join(this.#directory, 'sbom')
    const made = verdict.images.flatMap(({ image, sbom }) => (sbom === undefined ? [] : [{ image, sbom }]))
    if (made.length === 0) return
    // What a repository has there must not look like the gate's, and no link may lead away.
    await this.#files.clear(directory, sbomEnding)
    for (const { image, sbom } of made) {
      await this.#files.copy(sbom, join(directory, image.safeName + sbomEnding))
      this.#paths.sbom = directory
    }
  }
}
