/** Which line brought what, for every shape of Dockerfile: exact on a modern engine, right or nothing on an old one. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bases, readShapes, type Shape } from '../explain/shapes.js'
import { bed, dockerfileOf, removeTemporaryFolders, repositoryWith, run, runGate, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

const shapes = readShapes()

/** Hundreds of builds take their time where others use the machine too. */
const patience = 900_000
const nameOf = (shape: Shape): string => `shape-${String(shapes.indexOf(shape) + 1).padStart(3, '0')}`

/** Trivy finds vulnerabilities in it, wherever it lies. */
const vulnerable = '{"name": "lodash", "version": "4.17.4"}\n'

const mark = `#!/bin/sh
test -n "$1" || exit 0
mkdir -p "/at/$1" && echo '${vulnerable.trim()}' > "/at/$1/package.json"
`

/** Gives an engine the images that the shapes begin with. */
async function makeBases(env: Record<string, string>): Promise<void> {
  const dockerfiles = {
    // Without what nobody needs here: a system's packages are most of the work of each of hundreds of scans.
    [bases.BASE]: `FROM debian:bookworm AS whole
RUN rm -rf /var/lib/dpkg /var/cache /usr/share
FROM scratch
COPY --from=whole / /
COPY --chmod=755 mark /usr/local/bin/mark
RUN mark base
`,
    [bases['ONBUILD-BASE']]: `FROM ${bases.BASE}\nONBUILD RUN mark onbuild\nONBUILD WORKDIR /onbuild\n`,
    [bases['SQUASHED-BASE']]: `FROM ${bases.BASE} AS whole\nFROM scratch\nCOPY --from=whole / /\n`,
  }
  for (const [tag, dockerfile] of Object.entries(dockerfiles)) {
    const context = repositoryWith({ Dockerfile: dockerfile, mark })
    await docker(['buildx', 'build', '--load', '--tag', tag, context], env)
  }
  const container = await docker(['create', bases.BASE, 'true'], env)
  const archive = join(repositoryWith({}), 'image.tar')
  await docker(['export', '--output', archive, container], env)
  await docker(['import', archive, bases['IMPORTED-BASE']], env)
  await docker(['rm', container], env)
}

async function docker(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { exitCode, stdout, stderr } = await run('docker', args, { env: { ...bed.env, ...env } })
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

async function repositoryOf(some: readonly Shape[]): Promise<string> {
  const files = some.flatMap(shape => {
    const file = (name: string): string => join(dirname(dockerfileOf(nameOf(shape))), name)
    return [
      [file('Dockerfile'), shape.dockerfile],
      ...['package.json', 'folder/package.json', 'a b/package.json'].map(name => [file(name), vulnerable]),
      [file('other.txt'), 'x\n'],
    ]
  })
  const repository = repositoryWith(Object.fromEntries(files) as Record<string, string>)
  for (const shape of some.filter(({ dockerfile }) => dockerfile.includes('folder.tar'))) {
    const folder = join(repository, dirname(dockerfileOf(nameOf(shape))))
    await run('tar', ['--create', '--file', 'folder.tar', 'package.json'], { cwd: folder })
  }
  return repository
}

interface Found {
  readonly package?: { readonly name: string; readonly version: string; readonly path?: string }
  readonly origin?: { readonly lines: { readonly start: number; readonly end: number }; readonly fromBase: boolean }
}

interface JsonReport {
  readonly images: { readonly name: string; readonly state: string; readonly findings: readonly Found[] }[]
}

/** What was said of one marked package: where it says it came from, and where it did. */
interface Answer {
  readonly shape: string
  readonly path: string
  readonly said: string
  readonly right: string
}

/** Gates all shapes at once. */
async function locate(
  engine: Record<string, string>,
  inputs: Record<string, string> = {},
): Promise<{ failed: string[]; answers: Answer[] }> {
  await makeBases(engine)
  // Only the engine has the images that they begin with.
  const local = { pull: 'false' }
  const options = { severity: 'CRITICAL', 'lock-files': 'false', summary: 'false', ...local, ...inputs }
  const { outputs, log } = await runGate(await repositoryOf(shapes), options, engine)
  if (outputs['report'] === '') throw new Error(log)
  const { images } = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport
  const answers = images.flatMap(({ name, findings }) => {
    const shape = shapes.find(one => nameOf(one) === name)
    return findings.flatMap(({ package: of, origin }): Answer[] => {
      const marked = /^at\/(\w+)\//.exec(of?.path ?? '')?.[1]
      if (shape === undefined || marked === undefined) return []
      const right = /^\d+$/.test(marked) ? marked : `${String(shape.from)} FROM`
      const said = origin === undefined ? 'nothing' : `${String(origin.lines.start)}${origin.fromBase ? ' FROM' : ''}`
      return [{ shape: shape.name, path: of?.path ?? '', said, right }]
    })
  })
  const distinct = new Map(answers.map(answer => [`${answer.shape} ${answer.path}`, answer]))
  const states = new Map(images.map(({ name, state }) => [name, state]))
  const failed = shapes.filter(shape => states.get(nameOf(shape)) === 'build-failed')
  return { failed: namesOf(failed), answers: [...distinct.values()] }
}

const namesOf = (some: readonly Shape[]): string[] => some.map(({ name }) => name)

describe('the line that brought a package', () => {
  it(
    `is exact for ${String(shapes.length)} shapes on an engine that records provenance`,
    async () => {
      const { failed, answers } = await locate({})
      expect({ failed, wrong: answers.filter(({ said, right }) => said !== right) }).toEqual({ failed: [], wrong: [] })
      expect(answers.length).toBeGreaterThan(2 * shapes.length)
    },
    patience,
  )

  it(
    'is right or not given on an engine that does not',
    async () => {
      const { failed, answers } = await locate(bed.oldEngine.env)
      expect(failed).toEqual(namesOf(shapes.filter(({ modern }) => modern)))
      const wrong = answers.filter(({ said, right }) => said !== right && said !== 'nothing')
      const unknown = new Set(answers.filter(({ said }) => said === 'nothing').map(({ shape }) => shape))
      // Which stage a variable names, the history does not tell.
      expect({ wrong, unknown: [...unknown] }).toEqual({ wrong: [], unknown: ["ARG of a stage's name"] })
    },
    patience,
  )
})

describe.each([
  ['with provenance', {}],
  ['without', bed.oldEngine.env],
])('the examples on an engine %s', (_, env) => {
  it(
    'have every finding on the line that brought it',
    async () => {
      const repository = temporaryFolder()
      cpSync('examples/registry', repository, { recursive: true })
      const file = join(repository, dockerfileOf('debian-updates'))
      const dockerfile = readFileSync(file, 'utf8').replace(/^#((RUN|COPY) | &&)/gm, '$1')
      writeFileSync(file, dockerfile)
      const lineOf = (text: string): number => dockerfile.slice(0, dockerfile.indexOf(text)).split('\n').length
      const query = [
        'run',
        '--rm',
        'debian:bookworm',
        'dpkg-query',
        '--show',
        '--showformat',
        '${Package} ${Version}\n',
      ]
      const inBase = new Set((await docker(query, env)).split('\n'))
      const { outputs } = await runGate(repository, { images: 'debian-updates' }, env)
      const { images } = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport
      const findings = images.flatMap(image => image.findings)
      const expected = ({ package: of }: Found): number => {
        if (of?.path === 'Pipfile.lock') return lineOf('COPY Pipfile.lock')
        if (of?.version === '1.0.1e-2') return lineOf('RUN sh')
        return inBase.has(`${of?.name ?? ''} ${of?.version ?? ''}`)
          ? lineOf('FROM')
          : lineOf('RUN apt-get update \\\n && apt-get install')
      }
      expect(findings.filter(found => found.origin?.lines.start !== expected(found))).toEqual([])
      expect(new Set(findings.map(expected)).size).toBe(4)
    },
    patience,
  )
})
