/**
 * The inputs of action.yml and the options of the command line: one table for both, read into one value. Every wrong
 * value is reported at once, with its name, what was given and what is allowed.
 */
import { ConfigurationError } from './errors.js'
import { severities, type Severity } from './model.js'
import type { TrivySettings } from './ports.js'

export interface Inputs {
  readonly imagesRoot: string
  /** Names or globs of the images to gate; empty: all. */
  readonly images: readonly string[]
  readonly allowEmpty: boolean
  readonly severity: readonly Severity[]
  readonly ignoreUnfixed: boolean
  readonly warnOnly: boolean
  /** The builder of buildx; absent: the client's own choice. */
  readonly builder?: string
  readonly platform?: string
  /** Each as `NAME=VALUE`. */
  readonly buildArgs: readonly string[]
  readonly noCache: boolean
  /** How many builds run at once, and scans, at most; absent: it depends on the machine. */
  readonly maxParallel?: number
  /** Milliseconds for the build of one image, and again for its scan. */
  readonly timeout: number
  readonly trivy: TrivySettings
  readonly annotations: boolean
  readonly summary: boolean
  readonly reportDir: string
}

/** A wrong value, said without the input's name. */
class Mistake extends Error {}

interface InputSpec<T> {
  readonly description: string
  readonly default: string
  readonly parse: (text: string) => T
  /** Inputs that only mean something on a runner. */
  readonly actionOnly?: boolean
}

const spec = <T>(
  description: string,
  defaultText: string,
  parse: (text: string) => T,
  more: { actionOnly?: boolean } = {},
): InputSpec<T> => ({ description, default: defaultText, parse, ...more })

/** The inputs, in the order in which people meet them; the descriptions are action.yml's to the letter. */
export const inputTable = {
  'images-root': spec(
    'Folder that holds one folder per image, each with a `Dockerfile`',
    'docker-builder/registry-repos',
    parseText,
  ),
  images: spec('Names or globs of the images to gate, separated by commas or new lines; empty: all', '', parseList),
  'allow-empty': spec('Pass when there is no image at all, instead of ending in `error`', 'false', parseBoolean),
  severity: spec(
    'Severities that block, separated by commas: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, `UNKNOWN`',
    'CRITICAL,HIGH,MEDIUM',
    parseSeverities,
  ),
  'ignore-unfixed': spec('Do not block on vulnerabilities that no version fixes yet', 'true', parseBoolean),
  'warn-only': spec('Report what would block, but pass; an `error` still fails', 'false', parseBoolean),
  builder: spec('Builder of `docker buildx` to build with; empty: the one that is in use', '', parseBuilder),
  platform: spec('Platform to build for, for instance `linux/arm64`; empty: the builder’s own', '', parsePlatform),
  'build-args': spec('Build arguments for every image, one `NAME=VALUE` a line', '', parseBuildArgs),
  'no-cache': spec(
    'Use nothing that was built before this run, so that package upgrades are today’s; steps that several images share still run once',
    'true',
    parseBoolean,
  ),
  'max-parallel': spec(
    'How many images are worked on at once, at most; empty: twice the number of processors, from 4 to 32',
    '',
    parseMaxParallel,
  ),
  timeout: spec(
    'Time limit for the build of one image, and again for its scan: `90s`, `10m`, `1h30m`',
    '10m',
    parseDuration,
  ),
  'trivy-version': spec('Version of Trivy to install', '0.74.0', parseVersion),
  'trivy-sha256': spec(
    'SHA-256 of the release archive (or of the program, with `trivy-path`); needed for versions that Image Gate does not know',
    '',
    parseSha256,
  ),
  'trivy-mirror': spec(
    'Base URL to download Trivy’s releases from: a company’s mirror of GitHub’s',
    'https://github.com/aquasecurity/trivy/releases/download',
    parseUrl,
  ),
  'trivy-path': spec('Use this Trivy program instead of installing one', '', parseOptional),
  'db-repository': spec(
    'Repositories of the vulnerability database, tried in order on any failure',
    'mirror.gcr.io/aquasec/trivy-db:2,ghcr.io/aquasecurity/trivy-db:2,public.ecr.aws/aquasecurity/trivy-db:2',
    parseRepositories,
  ),
  'java-db-repository': spec(
    'Repositories of the Java database, tried in order on any failure; only read when an image holds JAR files',
    'mirror.gcr.io/aquasec/trivy-java-db:1,ghcr.io/aquasecurity/trivy-java-db:1,public.ecr.aws/aquasecurity/trivy-java-db:1',
    parseRepositories,
  ),
  annotations: spec('Annotate the Dockerfiles in the pull request', 'true', parseBoolean, { actionOnly: true }),
  summary: spec('Write the job summary', 'true', parseBoolean, { actionOnly: true }),
  'report-dir': spec(
    'Folder for `report.json`; empty: a temporary folder on a runner, none on the command line',
    '',
    parseText,
  ),
} as const

export type InputName = keyof typeof inputTable

export const inputNames = Object.keys(inputTable) as InputName[]

/** True for an input that is either `true` or `false`. */
export function isSwitch(name: InputName): boolean {
  return inputTable[name].parse === parseBoolean
}

/** What was given: absent and empty both mean the default. */
export type RawInputs = Readonly<Record<string, string | undefined>>

/**
 * Reads all inputs.
 * @param raw what was given, by name
 * @param checkTrivy mistakes in the Trivy inputs that only the table of known releases can tell
 * @throws ConfigurationError with every mistake
 */
export function parseInputs(raw: RawInputs, checkTrivy: (trivy: TrivySettings) => readonly string[]): Inputs {
  const mistakes: string[] = unknownNames(Object.keys(raw))
  const read = <N extends InputName>(name: N): ReturnType<(typeof inputTable)[N]['parse']> | undefined => {
    const text = raw[name]?.trim() || inputTable[name].default
    try {
      return inputTable[name].parse(text) as ReturnType<(typeof inputTable)[N]['parse']>
    } catch (error) {
      if (!(error instanceof Mistake)) throw error
      mistakes.push(`${name}: ${error.message}`)
      return undefined
    }
  }
  const values = Object.fromEntries(inputNames.map(name => [name, read(name)])) as {
    [N in InputName]: ReturnType<(typeof inputTable)[N]['parse']>
  }
  const inputs = toInputs(values)
  if (!mistakes.some(mistake => mistake.startsWith('trivy-version:'))) mistakes.push(...checkTrivy(inputs.trivy))
  if (mistakes.length > 0) throw new ConfigurationError(mistakes, 'Mend the inputs named above, then run again.')
  return inputs
}

function toInputs(values: { [N in InputName]: ReturnType<(typeof inputTable)[N]['parse']> }): Inputs {
  const sha256 = values['trivy-sha256']
  const path = values['trivy-path']
  return {
    imagesRoot: values['images-root'],
    images: values.images,
    allowEmpty: values['allow-empty'],
    severity: values.severity,
    ignoreUnfixed: values['ignore-unfixed'],
    warnOnly: values['warn-only'],
    buildArgs: values['build-args'],
    noCache: values['no-cache'],
    ...(values.builder === undefined ? {} : { builder: values.builder }),
    ...(values.platform === undefined ? {} : { platform: values.platform }),
    ...(values['max-parallel'] === undefined ? {} : { maxParallel: values['max-parallel'] }),
    timeout: values.timeout,
    trivy: {
      version: values['trivy-version'],
      ...(sha256 === undefined ? {} : { sha256 }),
      mirror: values['trivy-mirror'],
      ...(path === undefined ? {} : { path }),
      dbRepositories: values['db-repository'],
      javaDbRepositories: values['java-db-repository'],
    },
    annotations: values.annotations,
    summary: values.summary,
    reportDir: values['report-dir'],
  }
}

function unknownNames(names: readonly string[]): string[] {
  return names
    .filter(name => !(name in inputTable))
    .map(name => {
      const meant = inputNames.find(known => distance(known, name) <= 2)
      const hint = meant === undefined ? `Known are: ${inputNames.join(', ')}.` : `Did you mean '${meant}'?`
      return `'${name}' is not an input of Image Gate. ${hint}`
    })
}

/** Levenshtein distance: how many letters must change to make one word the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function parseText(text: string): string {
  if (text.includes('\0')) throw new Mistake('contains a NUL character')
  return text
}

function parseOptional(text: string): string | undefined {
  return text === '' ? undefined : parseText(text)
}

function parseList(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map(part => part.trim()))].filter(part => part !== '')
}

function parseBoolean(text: string): boolean {
  const lower = text.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new Mistake(`'${text}' is not one of: true, false`)
  return lower === 'true'
}

function parseSeverities(text: string): Severity[] {
  const given = parseList(text.toUpperCase())
  const wrong = given.filter(name => !severities.some(known => known === name))
  if (wrong.length > 0) {
    throw new Mistake(`${wrong.map(name => `'${name}'`).join(', ')} is not one of: ${severities.join(', ')}`)
  }
  if (given.length === 0) throw new Mistake(`names no severity. Allowed are: ${severities.join(', ')}`)
  return severities.filter(name => given.includes(name))
}

const unitMilliseconds: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 }

function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([hms])/g)]
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== text) {
    throw new Mistake(`'${text}' is not a time such as 90s, 10m or 1h30m`)
  }
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMilliseconds[unit ?? ''] ?? 0), 0)
  // The upper bound is GitHub's for a job (6 hours); more would never end in a report.
  if (total < 1000 || total > 6 * 3_600_000) throw new Mistake(`'${text}' is not between 1s and 6h`)
  return total
}

function parseBuilder(text: string): string | undefined {
  if (text === '') return undefined
  // Anything else could read as an option of the client.
  if (!/^[a-z0-9][\w.-]*$/i.test(text)) throw new Mistake(`'${text}' is not a builder's name; see docker buildx ls`)
  return text
}

function parsePlatform(text: string): string | undefined {
  if (text === '') return undefined
  if (text.includes(',')) throw new Mistake(`'${text}' names more than one platform; gate each in a step of its own`)
  if (!/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(text)) {
    throw new Mistake(`'${text}' is not a platform such as linux/arm64`)
  }
  return text
}

/** One a line, since a value may hold anything else. */
function parseBuildArgs(text: string): string[] {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const wrong = lines.filter(line => !/^\s*[a-z_]\w*=/i.test(line))
  if (wrong.length > 0) {
    // Only the names: a value may be nobody's business.
    throw new Mistake(`${wrong.map(line => `'${line.split('=')[0] ?? ''}'`).join(', ')}: not of the form NAME=VALUE`)
  }
  return lines.map(line => parseText(line.trimStart()))
}

/** More clients than this at once would be more than 12 GB of them. */
const maxTogether = 256

function parseMaxParallel(text: string): number | undefined {
  if (text === '') return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > maxTogether) {
    throw new Mistake(`'${text}' is not a whole number from 1 to ${String(maxTogether)}`)
  }
  return number
}

function parseVersion(text: string): string {
  const version = text.replace(/^v/, '')
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Mistake(`'${text}' is not a version such as 0.74.0; a moving name such as 'latest' cannot be verified`)
  }
  return version
}

function parseSha256(text: string): string | undefined {
  if (text === '') return undefined
  const hash = text.toLowerCase().replace(/^sha256:/, '')
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Mistake(`'${text}' is not a SHA-256: 64 hexadecimal digits`)
  return hash
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const loopback = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost'
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback)) {
    throw new Mistake(`'${text}' is not an https:// address`)
  }
  return text.replace(/\/+$/, '')
}

function parseRepositories(text: string): string[] {
  const list = parseList(text)
  const wrong = list.filter(name => !/^[a-z0-9][\w.:-]*(\/[\w.@:-]+)+$/i.test(name))
  if (wrong.length > 0 || list.length === 0) {
    throw new Mistake(`'${wrong[0] ?? text}' is not a repository such as ghcr.io/aquasecurity/trivy-db:2`)
  }
  return list
}
