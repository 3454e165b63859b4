/** What a Dockerfile, and the registries that it names, can do to the gate. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bed, dockerfileOf } from '../testbed.js'
import { Faults } from './faults.js'
import { withRegistry, type BaseImage } from './registry.js'
import type { Row, Scene } from './scene.js'
import { shrinkDisk } from './disk.js'

const from = 'FROM debian:bookworm\n'

/** Everything that the runner would take for a command, at the beginning of a line, after a bare carriage return, and as text in colour. */
const commands = [
  '::set-output name=result::pwned',
  '::stop-commands::pwned',
  '::add-mask::pwned',
  '::error::pwned',
  '##[error]pwned',
]
const printCommands = commands
  .map(text => `printf '%s\\n' '${text}' && printf 'x\\r${text}\\n\\033[31m${text}\\n' >&2`)
  .join(' && ')

const failing: Record<string, { dockerfile: string; fault: string; says: string | RegExp }> = {
  syntax: {
    fault: 'a line that is no instruction',
    dockerfile: `${from}RUNN true\n`,
    says: 'unknown instruction: RUNN',
  },
  nothing: { fault: 'an empty Dockerfile', dockerfile: '', says: 'the Dockerfile cannot be empty' },
  zeros: {
    fault: 'a Dockerfile of NUL bytes',
    dockerfile: '\0'.repeat(1000),
    says: /unknown instruction|no build stage|parse/,
  },
  missing: { fault: 'COPY of a file that is not there', dockerfile: `${from}COPY no-such-file /\n`, says: 'not found' },
  exit: { fault: 'RUN exit 3', dockerfile: `${from}RUN exit 3\n`, says: 'exit code: 3' },
  memory: {
    fault: 'RUN is killed (137)',
    dockerfile: `${from}RUN sh -c 'kill -9 $$'; exit $?\n`,
    says: 'a step was killed',
  },
  forever: {
    fault: 'RUN never ends',
    dockerfile: `${from}RUN sleep 86399 # @MARK@\n`,
    says: 'the build timed out after 15 s',
  },
  deaf: {
    fault: 'RUN never ends and ignores signals',
    dockerfile: `${from}RUN trap '' TERM INT HUP; while :; do sleep 86399; done # @MARK@\n`,
    says: 'the build timed out after 15 s',
  },
  loud: {
    fault: 'RUN prints 10 MB, then fails',
    dockerfile: `${from}RUN yes '::error::pwned' | head -c 10000000; exit 1\n`,
    says: 'exit code: 1',
  },
  line: {
    fault: 'RUN prints one line of 10 MB, then fails',
    dockerfile: `${from}RUN head -c 10000000 /dev/zero | tr '\\0' x; exit 1\n`,
    says: 'exit code: 1',
  },
  commands: {
    fault: 'RUN prints commands, then fails',
    dockerfile: `${from}RUN ${printCommands}; exit 1\n`,
    says: 'exit code: 1',
  },
  bytes: {
    fault: 'RUN prints invalid UTF-8, then fails',
    dockerfile: `${from}RUN printf '\\377\\376::error::pwned\\n\\200\\r::error::pwned'; exit 1\n`,
    says: 'exit code: 1',
  },
  tokens: {
    fault: 'RUN prints its environment and looks for tokens',
    dockerfile: `${from}ARG GITHUB_TOKEN ACTIONS_RUNTIME_TOKEN ACTIONS_ID_TOKEN_REQUEST_TOKEN\nRUN env; cat /proc/*/environ | tr '\\0' '\\n'; exit 1\n`,
    says: 'exit code: 1',
  },
  secret: {
    fault: 'RUN asks for the token as a secret',
    dockerfile: `${from}RUN --mount=type=secret,id=GITHUB_TOKEN,env=T,required=true echo "$T"\n`,
    says: 'secret GITHUB_TOKEN: not found',
  },
  insecure: {
    fault: 'RUN asks for all rights',
    dockerfile: `${from}RUN --security=insecure true\n`,
    says: 'security',
  },
  host: {
    fault: 'RUN asks for the machine’s network',
    dockerfile: `${from}RUN --network=host true\n`,
    says: 'network.host is not allowed',
  },
  loop: {
    fault: 'stages that need each other',
    dockerfile: `FROM b AS a\nFROM a AS b\n`,
    says: /circular|cannot be pulled/,
  },
}

const badBases: Record<string, { base: BaseImage; fault: string; says: string | RegExp }> = {
  r401: { base: { status: 401 }, fault: 'answers 401', says: 'it does not exist, or credentials for it are missing' },
  r403: { base: { status: 403 }, fault: 'answers 403', says: 'it does not exist, or credentials for it are missing' },
  r404: { base: { status: 404 }, fault: 'answers 404', says: 'it does not exist' },
  r429: { base: { status: 429 }, fault: 'answers 429', says: 'the registry limits how often it may be asked' },
  r500: { base: { status: 500 }, fault: 'answers 500', says: 'its registry did not answer as it should' },
  r503: { base: { status: 503 }, fault: 'answers 503', says: 'its registry did not answer as it should' },
  html: {
    base: { manifest: '<html>log in to the network</html>' },
    fault: 'answers with a page',
    says: 'its registry did not answer as it should',
  },
  cut: {
    base: { layer: 'cut' },
    fault: 'is cut off in the middle of a layer',
    says: /EOF|short read|unexpected|closed|reset/i,
  },
  changed: { base: { layer: 'changed' }, fault: 'sends a layer of another digest', says: /digest|checksum/ },
  absent: { base: { layer: 'missing' }, fault: 'lacks a layer', says: 'not found' },
  platform: {
    base: { architecture: 's390x' },
    fault: 'has the image for another platform',
    says: 'it does not exist for this platform',
  },
  onbuild: {
    base: { onBuild: ['RUN touch /pwned'] },
    fault: 'has an image with ONBUILD',
    says: 'ONBUILD RUN touch /pwned',
  },
  hanging: { base: { hangs: true }, fault: 'never answers', says: 'the build timed out after 15 s' },
}

const broken = (image: string, where: string, fault: string, says: Row['says'] = ''): Row => ({
  fault,
  where,
  image,
  state: 'build-failed',
  says,
})

/** As long as each build may take here. */
const inputs = { timeout: '15s', 'max-parallel': '20' }

const dockerfiles: Scene = {
  inputs,
  files: Object.fromEntries(Object.entries(failing).map(([name, { dockerfile }]) => [dockerfileOf(name), dockerfile])),
  rows: Object.entries(failing).map(([name, { fault, says }]) => broken(name, 'build', fault, says)),
}

const registries: Scene = {
  inputs,
  rows: [
    ...Object.entries(badBases).map(([name, { fault, says }]) =>
      broken(name, 'base image', `the registry ${fault}`, says),
    ),
    broken('digest', 'base image', 'the registry sends another manifest', /digest|cannot be pulled/),
    broken('nobody', 'base image', 'nobody serves the registry', 'its registry did not answer as it should'),
    broken('no-frontend', '# syntax=', 'a frontend that there is not', 'not found'),
    broken('frontend', '# syntax=', 'an image that is no frontend', /frontend|exec|failed/),
  ],
  play: async (_, gate) => {
    const bases = Object.entries(badBases).map(([name, { base }]) => [name, base] as const)
    return withRegistry({ ...Object.fromEntries(bases), plain: {} }, async address => {
      const images = bases.map(([name]) => [dockerfileOf(name), `FROM ${address}/${name}:1\nCOPY Dockerfile /\n`])
      const own = 'FROM scratch\nCOPY Dockerfile /\n'
      return gate({
        files: {
          ...(Object.fromEntries(images) as Record<string, string>),
          [dockerfileOf('digest')]: `FROM ${address}/plain@sha256:${'0'.repeat(64)}\n`,
          [dockerfileOf('nobody')]: 'FROM 127.0.0.1:1/nobody:1\n',
          [dockerfileOf('no-frontend')]: `# syntax=${address}/none:1\n${own}`,
          [dockerfileOf('frontend')]: `# syntax=${address}/plain:1\n${own}`,
        },
      })
    })
  },
}

/** A builder beside Docker writes each image to the disk of the gate as it builds it. */
const smallDisk: Scene = {
  env: bed.buildkit.env,
  inputs: { builder: bed.buildkit.builder },
  files: { [dockerfileOf('big')]: 'FROM scratch\nCOPY . /\n' },
  rows: [broken('big', 'a builder’s export', 'the disk is full', 'the disk is full')],
  // The bystander has the base image to keep there.
  everybody: true,
  arrange: async stage => {
    writeFileSync(join(stage.workspace, dirname(dockerfileOf('big')), 'data'), randomBytes(20_000_000))
    await shrinkDisk(stage, 12)
  },
}

const faults = new Faults([dockerfiles, registries, smallDisk])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
