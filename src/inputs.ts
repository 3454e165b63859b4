/**
 * The inputs of action.yml and the options of the command line: one table for both, read into one value. Every wrong
 * value is reported at once, with its name, what was given and what is allowed.
 */
import { ConfigurationError } from './errors.js'
import {
  defined,
  Mistake,
  parseAge,
  parseBoolean,
  parseBuildArgs,
  parseBuilder,
  parseCommentMode,
  parseDuration,
  parseGateOn,
  parseList,
  parseMaxParallel,
  parseOptional,
  parsePlatform,
  parseRepositories,
  parseRepositoryPath,
  parseScanners,
  parseSeverities,
  parseSha256,
  parseText,
  parseToken,
  parseUrl,
  parseVersion,
  spec,
  unlessEmpty,
} from './input-values.js'
import type { CommentMode, RuleName, Rules } from './model.js'
import type { RegistryCredentials, TrivySettings } from './ports.js'
import { parseRegistryCredentials } from './registry-credentials.js'
import { spellingHint } from './spelling.js'

export interface Inputs {
  readonly imagesRoot: string
  /** Names or globs of the images to gate; empty: all. */
  readonly images: readonly string[]
  readonly allowEmpty: boolean
  /** Only those that were given: they win over the policy file. */
  readonly rules: Partial<Rules>
  /** The policy file, relative to the workspace. */
  readonly policyFile: string
  /** Gate only the images that the change touches. */
  readonly onlyChanged: boolean
  readonly warnOnly: boolean
  /** To fetch the commit before the change, where the checkout left no credentials. */
  readonly githubToken?: string
  /** The builder of buildx; absent: the client's own choice. */
  readonly builder?: string
  readonly platform?: string
  /** Each as `NAME=VALUE`. */
  readonly buildArgs: readonly string[]
  readonly noCache: boolean
  /** With `noCache`: ask the registries for base images. */
  readonly pull: boolean
  /** The only logins that builds and downloads have on a runner; on the command line the user's own are used. */
  readonly registryCredentials: readonly RegistryCredentials[]
  /** Build the code of strangers with the rights of the repository. */
  readonly allowUntrustedHead: boolean
  /** How many builds run at once, and scans, at most; absent: it depends on the machine. */
  readonly maxParallel?: number
  /** Milliseconds for the build of one image, and again for its scan. */
  readonly timeout: number
  /** Milliseconds for the whole run. */
  readonly totalTimeout: number
  readonly trivy: TrivySettings
  /** Keep what was downloaded in the Actions cache. */
  readonly cache: boolean
  readonly annotations: boolean
  readonly summary: boolean
  readonly comment: CommentMode
  readonly sbom: boolean
  readonly reportDir: string
}

const optionalBoolean = unlessEmpty(parseBoolean)

const switches: ReadonlySet<unknown> = new Set([parseBoolean, optionalBoolean])

/** The inputs, in the order in which people meet them; the descriptions are action.yml's to the letter. */
export const inputTable = {
  'images-root': spec(
    'Folder that holds one folder per image, each with a `Dockerfile`',
    'docker-builder/registry-repos',
    parseText,
  ),
  images: spec('Names or globs of the images to gate, separated by commas or new lines; empty: all', '', parseList),
  'allow-empty': spec('Pass when there is no image at all, instead of ending in `error`', 'false', parseBoolean),
  'only-changed': spec(
    'Gate only the images that the change touches; all of them where it touches the policy or a workflow, or there is nothing to compare with',
    'false',
    parseBoolean,
  ),
  policy: spec(
    'Policy file; in a pull request it is read from the base branch',
    '.github/image-gate.yml',
    parseRepositoryPath,
  ),
  severity: spec(
    'Severities that block, separated by commas: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, `UNKNOWN`; empty: as the policy file says, else `CRITICAL,HIGH,MEDIUM`',
    '',
    unlessEmpty(parseSeverities),
  ),
  'ignore-unfixed': spec(
    'Do not block on vulnerabilities that no version fixes yet; empty: as the policy file says, else `true`',
    '',
    optionalBoolean,
  ),
  'gate-on': spec(
    'What blocks: `all`, or what is `introduced` by the change; empty: as the policy file says, else `all`',
    '',
    unlessEmpty(parseGateOn),
  ),
  scanners: spec(
    'What to look for, separated by commas: `vuln`, `secret`, `misconfig`; empty: as the policy file says, else `vuln`',
    '',
    unlessEmpty(parseScanners),
  ),
  'lock-files': spec(
    'Scan the lock files that a Dockerfile copies too; empty: as the policy file says, else `true`',
    '',
    optionalBoolean,
  ),
  'gate-end-of-life': spec(
    'Block on a distribution that gets no security updates any more; empty: as the policy file says, else `false`',
    '',
    optionalBoolean,
  ),
  'gate-unrecognised': spec(
    'Block on an image in which neither a distribution nor a package is recognised; empty: as the policy file says, else `false`',
    '',
    optionalBoolean,
  ),
  'warn-only': spec('Report what would block, but pass; an `error` still fails', 'false', parseBoolean),
  builder: spec('Builder of `docker buildx` to build with; empty: the one that is in use', '', parseBuilder),
  platform: spec('Platform to build for, for instance `linux/arm64`; empty: the builder’s own', '', parsePlatform),
  'build-args': spec('Build arguments for every image, one `NAME=VALUE` a line', '', parseBuildArgs),
  'no-cache': spec(
    'Run every step anew, so that package upgrades are today’s: use no step, no cache mount and (see `pull`) no base image of before this run; steps that several images share still run once',
    'true',
    parseBoolean,
  ),
  pull: spec(
    'With `no-cache`: resolve the names of base images in their registries, whatever the engine has under these names; `false` for base images that only the engine has',
    'true',
    parseBoolean,
  ),
  'registry-credentials': spec(
    'Logins for private base images, one `REGISTRY=USERNAME:PASSWORD` a line (`docker.io` for Docker Hub); no others count, whatever the runner is logged in to',
    '',
    parseRegistryCredentials,
    { actionOnly: true },
  ),
  'allow-untrusted-head': spec(
    'Build also where an event such as `pull_request_target` would give the code of a fork the rights, secrets and caches of this repository',
    'false',
    parseBoolean,
    { actionOnly: true },
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
  'total-timeout': spec(
    'Time limit for the whole run: what is known by then is reported, the rest is an `error`. GitHub ends a job after 6 hours',
    '5h',
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
  'db-max-age': spec(
    'Age that the vulnerability database may have: `12h`, `3d`, or `any`; an older one ends the run in `error`',
    '3d',
    parseAge,
  ),
  'java-db-max-age': spec(
    'Age that the Java database may have: `10d`, or `any`; with an older one the scan of an image with JAR files fails',
    '30d',
    parseAge,
  ),
  cache: spec('Keep Trivy and its databases in the Actions cache, where the runner has one', 'true', parseBoolean, {
    actionOnly: true,
  }),
  annotations: spec('Annotate the Dockerfiles in the pull request', 'true', parseBoolean, { actionOnly: true }),
  summary: spec('Write the job summary', 'true', parseBoolean, { actionOnly: true }),
  comment: spec(
    'Comment on the pull request: `auto` (when the gate fails and the token may), `on-failure`, `always`, `never`; a later run updates it',
    'auto',
    parseCommentMode,
    { actionOnly: true },
  ),
  'github-token': spec(
    'Token with `contents: read`, to fetch the commit before the change where the checkout left no credentials, and `pull-requests: write` for the comment',
    '${{ github.token }}',
    parseToken,
    { actionOnly: true },
  ),
  sbom: spec('Make a CycloneDX SBOM of each image, beside the other reports', 'false', parseBoolean),
  'report-dir': spec(
    'Folder for `report.json`, `report.html`, `report.sarif`, `comment.md` and `sbom/`; empty: a temporary folder on a runner, none on the command line',
    '',
    parseText,
  ),
} as const

export type InputName = keyof typeof inputTable

export const inputNames = Object.keys(inputTable) as InputName[]

/** True for an input that is either `true` or `false`. */
export function isSwitch(name: InputName): boolean {
  return switches.has(inputTable[name].parse)
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
  const values = Object.fromEntries(inputNames.map(name => [name, read(name)])) as InputValues
  const inputs = toInputs(values)
  const others = mistakes.some(mistake => mistake.startsWith('trivy-version:')) ? [] : checkTrivy(inputs.trivy)
  for (const mistake of others) mistakes.push(mistake)
  if (mistakes.length > 0) throw new ConfigurationError(mistakes, 'Mend the inputs named above, then run again.')
  return inputs
}

type InputValues = { [N in InputName]: ReturnType<(typeof inputTable)[N]['parse']> }

function toInputs(values: InputValues): Inputs {
  return {
    imagesRoot: values['images-root'],
    images: values.images,
    allowEmpty: values['allow-empty'],
    rules: toRules(values),
    policyFile: values.policy,
    onlyChanged: values['only-changed'],
    warnOnly: values['warn-only'],
    buildArgs: values['build-args'],
    noCache: values['no-cache'],
    pull: values.pull,
    registryCredentials: values['registry-credentials'],
    allowUntrustedHead: values['allow-untrusted-head'],
    ...defined({
      githubToken: values['github-token'],
      builder: values.builder,
      platform: values.platform,
      maxParallel: values['max-parallel'],
    }),
    timeout: values.timeout,
    totalTimeout: values['total-timeout'],
    trivy: {
      version: values['trivy-version'],
      mirror: values['trivy-mirror'],
      dbRepositories: values['db-repository'],
      javaDbRepositories: values['java-db-repository'],
      ...defined({
        sha256: values['trivy-sha256'],
        path: values['trivy-path'],
        dbMaxAge: values['db-max-age'],
        javaDbMaxAge: values['java-db-max-age'],
      }),
    },
    cache: values.cache,
    annotations: values.annotations,
    summary: values.summary,
    comment: values.comment,
    sbom: values.sbom,
    reportDir: values['report-dir'],
  }
}

function toRules(values: InputValues): Partial<Rules> {
  const rules: { [N in RuleName]: Rules[N] | undefined } = {
    severity: values.severity,
    ignoreUnfixed: values['ignore-unfixed'],
    gateOn: values['gate-on'],
    scanners: values.scanners,
    lockFiles: values['lock-files'],
    gateEndOfLife: values['gate-end-of-life'],
    gateUnrecognised: values['gate-unrecognised'],
  }
  return defined(rules)
}

function unknownNames(names: readonly string[]): string[] {
  return names
    .filter(name => !Object.hasOwn(inputTable, name))
    .map(name => `'${name}' is not an input of Image Gate. ${spellingHint(name, inputNames)}`)
}
