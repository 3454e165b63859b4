/** What can come instead of the vulnerability database, from a registry or out of a cache. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FakeActionsCache } from '../actions-cache.js'
import { emptyBolt } from '../bolt.js'
import { archiveOf, FakeRegistry, type Intervention } from '../fake-registry.js'
import { dockerfileOf, heartbleed, temporaryFolder } from '../testbed.js'
import { keepDatabase } from '../kept-database.js'
import { shrinkDisk } from './disk.js'
import { Faults } from './faults.js'
import { bystander, type Row, type Scene } from './scene.js'

const small = readFileSync('testbed/database/trivy-db.tar.gz')

function smallDatabase(): Buffer {
  const folder = temporaryFolder()
  execFileSync('tar', ['-xzf', 'testbed/database/trivy-db.tar.gz', '-C', folder])
  return readFileSync(join(folder, 'trivy.db'))
}

const metadata = { Version: 2, UpdatedAt: new Date().toISOString(), NextUpdate: '2099-01-01T00:00:00Z' }
const archiveWith = (database: Buffer, more: object = {}): Promise<Buffer> =>
  archiveOf({ 'trivy.db': database, 'metadata.json': JSON.stringify({ ...metadata, ...more }) })

/** Every request but those for a token is answered so. */
const answering =
  (status: number, headers: Record<string, string> = {}): Intervention =>
  (_, response) => {
    response.writeHead(status, headers).end()
    return 'done'
  }

/** Downloads are answered so. */
const sending =
  (send: (response: Parameters<Intervention>[1]) => void): Intervention =>
  ({ path }, response) => {
    if (!path.includes('/blobs/')) return undefined
    send(response)
    return 'done'
  }

interface Serving {
  readonly archive?: () => Buffer | Promise<Buffer>
  readonly manifest?: object
  readonly intervene?: Intervention
  readonly inputs?: Readonly<Record<string, string>>
}

const served = (fault: string, says: string | RegExp, serving: Serving = {}): Scene => ({
  rows: [{ fault, where: 'database registry', says }],
  play: async (_, gate) => {
    const registry = new FakeRegistry()
    registry.push('db', '2', await (serving.archive?.() ?? small), serving.manifest)
    if (serving.intervene !== undefined) registry.intervene = serving.intervene
    return registry.run(address => gate({ inputs: { 'db-repository': `${address}/db:2`, ...serving.inputs } }))
  },
})

const registries = [
  ...[401, 403, 404].map(status =>
    served(`it answers ${String(status)}`, `it answered ${String(status)}`, { intervene: answering(status) }),
  ),
  served('it answers 429, and wants an hour', 'it answered 429 Too Many Requests (a rate limit)', {
    intervene: answering(429, { 'retry-after': '3600' }),
  }),
  served('it answers 500', 'it answered 500', { intervene: answering(500) }),
  {
    ...served('it never answers', 'the run was not done after 10 s', {
      intervene: () => 'done',
      inputs: { 'total-timeout': '10s' },
    }),
    rows: [
      {
        fault: 'it never answers',
        where: 'database registry',
        state: 'scan-failed',
        says: 'the run was not done after 10 s',
      },
    ],
    everybody: true,
    files: { [dockerfileOf('web')]: 'FROM scratch\nCOPY Dockerfile /\n' },
  } satisfies Scene,
  served('it sends half', 'other side closed', {
    intervene: sending(response => {
      response.writeHead(200, { 'content-length': small.length })
      response.write(small.subarray(0, 100), () => response.destroy())
    }),
  }),
  served('it sends other bytes', 'instead of sha256:', {
    intervene: sending(response => response.end(Buffer.alloc(small.length))),
  }),
  served('it sends more', 'it sent more than', {
    intervene: sending(response => response.end(Buffer.concat([small, small]))),
  }),
  served('its manifest is an image’s', 'one with exactly one layer', { manifest: { layers: [{}, {}] } }),
  served('its manifest names a path', "it names a layer '../../../etc/passwd'", {
    manifest: { layers: [{ digest: '../../../etc/passwd', size: 1 }] },
  }),
  {
    rows: [{ fault: 'nobody is there', where: 'database registry', says: 'ECONNREFUSED' }],
    inputs: { 'db-repository': '127.0.0.1:65000/db:2' },
  } satisfies Scene,
]

const databases = [
  served('it is cut in the middle', /Trivy ended without a report|find neither/, {
    archive: () => archiveWith(smallDatabase().subarray(0, 32 * 1024)),
  }),
  served('it is empty', 'find neither CVE-2014-0160 nor CVE-2019-10744', { archive: () => archiveWith(emptyBolt()) }),
  served('it is something else', /Trivy ended without a report|find neither/, {
    archive: () => archiveWith(Buffer.from('<html>'.repeat(10_000))),
  }),
  served('it is no archive', 'its archive cannot be used', { archive: () => Buffer.from('<html>') }),
  served('its file would lie elsewhere', 'it lacks trivy.db', {
    archive: () => archiveOf({ '../../trivy.db': 'x', 'metadata.json': JSON.stringify(metadata) }),
  }),
  served('it has another schema', 'its schema is 3', { archive: () => archiveWith(smallDatabase(), { Version: 3 }) }),
  served('it is too old', 'days old, more than db-max-age allows', { inputs: { 'db-max-age': '3d' } }),
  served('it does not say when it was built', 'does not say when it was built', {
    archive: () => archiveWith(smallDatabase(), { UpdatedAt: 'lately' }),
  }),
  served('its date is none for Trivy', 'UpdatedAt is "2026-11-25"', {
    archive: () => archiveWith(smallDatabase(), { UpdatedAt: '2026-11-25' }),
  }),
  served('its description has no end', 'its metadata.json has more than 65536 bytes', {
    archive: () => archiveWith(smallDatabase(), { more: 'x'.repeat(1_000_000) }),
  }),
  served('it was built in the future', 'which is in the future for this machine', {
    archive: () => archiveWith(smallDatabase(), { UpdatedAt: '2098-01-01T00:00:00Z' }),
  }),
].map(scene => ({ ...scene, rows: scene.rows.map((row): Row => ({ ...row, where: 'database' })) }))

/** Somebody fills the Actions cache with a database in which nothing is vulnerable; then this happens, and a run. */
const cached = (row: Omit<Row, 'where'>, then: (cache: FakeActionsCache, registry: FakeRegistry) => void): Scene => ({
  rows: [{ where: 'Actions cache', ...row }],
  ...(row.state === 'vulnerable' ? { result: 'blocked' as const, everybody: true } : {}),
  files: { [dockerfileOf(bystander)]: heartbleed },
  play: async (_, gate) => {
    const [cache, registry] = [new FakeActionsCache(), new FakeRegistry()]
    const empty = await archiveWith(emptyBolt())
    return cache.run(() =>
      registry.run(async address => {
        const digest = registry.push('db', '2', empty)
        await keepDatabase(cache, address, digest, empty)
        registry.forget('db', digest)
        registry.push('db', '2', small)
        then(cache, registry)
        return gate({ inputs: { 'db-repository': `${address}/db:2` }, env: cache.env })
      }),
    )
  },
})

const blocks = { image: bystander, state: 'vulnerable', says: 'CVE-2014-0160' } as const

const caches = [
  cached({ fault: 'it holds an empty database', ...blocks }, () => undefined),
  cached({ fault: 'it holds an empty database, and the registry is down', says: 'it answered 503' }, (_, registry) => {
    registry.intervene = answering(503)
  }),
  cached({ fault: 'it holds garbage', ...blocks }, cache => {
    for (const entry of cache.entries) entry.archive = Buffer.from('garbage')
  }),
  cached({ fault: 'it is broken', ...blocks }, cache => {
    cache.refusal = 500
  }),
]

/** Bad repositories before a good one cost nothing but time. */
const bad: Scene = {
  rows: [
    {
      fault: 'it is the third, after an empty and a damaged one',
      where: 'database registry',
      image: bystander,
      state: 'vulnerable',
      says: 'CVE-2014-0160',
    },
  ],
  result: 'blocked',
  everybody: true,
  files: { [dockerfileOf(bystander)]: heartbleed },
  play: async (_, gate) => {
    const registry = new FakeRegistry()
    registry.push('empty', '2', await archiveWith(emptyBolt()))
    registry.push('damaged', '2', await archiveWith(Buffer.from('<html>'.repeat(10_000))))
    registry.push('db', '2', small)
    const names = ['empty', 'damaged', 'db']
    return registry.run(address =>
      gate({ inputs: { 'db-repository': names.map(name => `${address}/${name}:2`).join() } }),
    )
  },
}

/** A JAR needs the second database; what needs it fails alone. */
const javaDatabase: Scene = {
  rows: [
    {
      fault: 'no repository has it',
      where: 'Java database',
      image: 'java',
      state: 'scan-failed',
      says: 'java-db-repository: no repository gave the Java database: 127.0.0.1:65000/java:1: connect ECONNREFUSED',
    },
  ],
  inputs: { 'java-db-repository': '127.0.0.1:65000/java:1' },
  files: { [dockerfileOf('java')]: 'FROM scratch\nCOPY app.jar /app.jar\n' },
  arrange: ({ workspace }) => {
    const folder = dirname(join(workspace, dockerfileOf('java')))
    const pack =
      "import zipfile; zipfile.ZipFile('app.jar', 'w').writestr('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\\n')"
    execFileSync('python3', ['-c', pack], { cwd: folder })
  },
}

const fullDisk: Scene = {
  ...served('the disk is full', /the disk is full|no space left/, {
    archive: () => archiveWith(Buffer.concat([smallDatabase(), randomBytes(12_000_000)])),
  }),
  arrange: stage => shrinkDisk(stage, 8),
}

const faults = new Faults([...registries, ...databases, ...caches, bad, javaDatabase, fullDisk])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
