import { findLockFiles } from '../../src/discover/lock-files.js'
import { anImage, MemoryFiles } from '../builders.js'
import { copiesPackageLock } from '../dockerfile/odd.js'

const context = {
  'package-lock.json': '{}',
  'requirements.txt': '',
  'other.json': '{}',
  app: { 'Pipfile.lock': '{}', deep: { 'go.mod': '' }, node_modules: { x: { 'package-lock.json': '{}' } } },
  outside: { linkTo: '/elsewhere/Cargo.lock' },
  'Cargo.lock': { linkTo: '/elsewhere/Cargo.lock' },
}

async function find(dockerfile: string, more: Record<string, string | object> = {}): Promise<string[]> {
  const files = new MemoryFiles({
    repo: { images: { web: { Dockerfile: dockerfile, ...context, ...(more as Record<string, string>) } } },
    elsewhere: { 'Cargo.lock': '', ignore: '*' },
  })
  const [image] = await findLockFiles([anImage('web')], '/repo', files)
  return (image?.lockFiles ?? []).map(({ path, origin }) => `${path} ${String(origin.lines.start)}`)
}

describe('findLockFiles', () => {
  it.each<[string, string, string[]]>([
    ['nothing', 'FROM a\nRUN true', []],
    [
      'everything',
      'FROM a\nCOPY . /app',
      ['app/Pipfile.lock 2', 'app/deep/go.mod 2', 'package-lock.json 2', 'requirements.txt 2'],
    ],
    [
      'everything, by another name',
      'FROM a\nCOPY ./ /app',
      ['app/Pipfile.lock 2', 'app/deep/go.mod 2', 'package-lock.json 2', 'requirements.txt 2'],
    ],
    ['one file', 'FROM a\nCOPY package-lock.json /app/', ['package-lock.json 2']],
    ['one file, with a slash before it', 'FROM a\nCOPY /package-lock.json /app/', ['package-lock.json 2']],
    [
      'several files',
      'FROM a\nCOPY package.json package-lock.json \\\n  requirements.txt ./',
      ['package-lock.json 2', 'requirements.txt 2'],
    ],
    ['in the JSON form', 'FROM a\nCOPY ["requirements.txt", "/with space/"]', ['requirements.txt 2']],
    ['a pattern', 'FROM a\nCOPY package*.json ./', ['package-lock.json 2']],
    ['a pattern that stays within its folder', 'FROM a\nCOPY *.lock ./', []],
    ['a folder', 'FROM a\nADD app /app', ['app/Pipfile.lock 2', 'app/deep/go.mod 2']],
    ['a folder below', 'FROM a\nCOPY app/deep/ /app', ['app/deep/go.mod 2']],
    ['after a carriage return', 'FROM a\r\nRUN x\ry\nCOPY requirements.txt .', ['requirements.txt 3']],
    ['with flags', 'FROM a\nCOPY --chown=1:1 --link requirements.txt .', ['requirements.txt 2']],
    ['from another stage', 'FROM a AS b\nFROM a\nCOPY --from=b package-lock.json .', []],
    [
      'in a stage before the last',
      'FROM a AS b\nCOPY app/Pipfile.lock .\nFROM a\nCOPY --from=b /x /x',
      ['app/Pipfile.lock 2'],
    ],
    ['from the network', 'FROM a\nADD https://example.com/package-lock.json .', []],
    ['a here-document', 'FROM a\nCOPY <<EOF package-lock.json\n{}\nEOF', []],
    ['a file beside a here-document', 'FROM a\nCOPY <<E package-lock.json \\\n  /x/\n. .\nE', ['package-lock.json 2']],
    [
      'a path that goes up again',
      'FROM a\nCOPY x/../app/./deep//go.mod ../requirements.txt /x/',
      ['app/deep/go.mod 2', 'requirements.txt 2'],
    ],
    [
      'in quotation marks',
      'FROM a\nCOPY "requirements.txt" package\\-lock.json /x/',
      ['package-lock.json 2', 'requirements.txt 2'],
    ],
    ['of a range of letters', 'FROM a\nCOPY [p-q]ackage-lock.json /x/', ['package-lock.json 2']],
    ['what an escape stands for', 'FROM a\nCOPY ["package\\u002dlock.json", "/x/"]', ['package-lock.json 2']],
    [
      'what a pattern means that nobody understands',
      'FROM a\nCOPY [z-a] /x/',
      ['app/Pipfile.lock 2', 'app/deep/go.mod 2', 'package-lock.json 2', 'requirements.txt 2'],
    ],
    [
      'what a variable says',
      'FROM a\nARG WHAT=app\nCOPY $WHAT /x',
      ['app/Pipfile.lock 3', 'app/deep/go.mod 3', 'package-lock.json 3', 'requirements.txt 3'],
    ],
    [
      'the first instruction counts',
      'FROM a\nCOPY requirements.txt .\nCOPY . .',
      ['app/Pipfile.lock 3', 'app/deep/go.mod 3', 'package-lock.json 3', 'requirements.txt 2'],
    ],
  ])('finds what is copied: %s', async (_, dockerfile, expected) => {
    expect(await find(dockerfile)).toEqual(expected)
  })

  it.each(copiesPackageLock)('finds it after, or with, %s', async (_, dockerfile, line) => {
    expect(await find(dockerfile)).toEqual([`package-lock.json ${line}`])
  })

  it('finds it beside bytes that are no UTF-8, as BuildKit reads them', async () => {
    for (const text of [
      'FROM a\nCOPY --link\xa0package-lock.json /x/',
      'FROM a\nRUN <<E\xff\nE\xff\nRUN <<Z\nE\xef\xbf\xbd\nCOPY package-lock.json /x/',
    ]) {
      const files = new MemoryFiles({ repo: { images: { web: { Dockerfile: text, ...context } } } })
      const read = files.readBytes.bind(files)
      files.readBytes = async path => (path.endsWith('/Dockerfile') ? Buffer.from(text, 'latin1') : read(path))
      const [image] = await findLockFiles([anImage('web')], '/repo', files)
      expect(image?.lockFiles.map(({ path }) => path)).toEqual(['package-lock.json'])
    }
  })

  it.each<[string, string]>([
    ['the text of a here-document', 'FROM a\nRUN << EOF\nCOPY package-lock.json /x/\nEOF'],
    ['the text of a COPY', 'FROM a\nCOPY <<EOF /x/\nCOPY package-lock.json /x/\nEOF'],
    ['a comment', 'FROM a\nRUN x \\\n# COPY package-lock.json /x/\n'],
    ['a JSON word', 'FROM a\nRUN ["COPY", "package-lock.json", "/x/"]'],
  ])('takes no instruction from %s', async (_, dockerfile) => {
    expect(await find(dockerfile)).toEqual([])
  })

  it('finds folders whose name has what Docker takes away', async () => {
    const folder = { 'a"b': { 'go.mod': '' } }
    expect(await find('FROM a\nCOPY a\\"b /x', folder)).toEqual(['a"b/go.mod 2'])
  })

  it('says the instruction in one line', async () => {
    const files = new MemoryFiles({
      repo: { web: { Dockerfile: 'FROM a\nCO\\\nPY a \\\n # c\n go.mod /x\n', 'go.mod': '' } },
    })
    const [image] = await findLockFiles(
      [anImage('web', { dockerfile: 'web/Dockerfile', contextDir: 'web' })],
      '/repo',
      files,
    )
    expect(image?.lockFiles[0]?.origin).toMatchObject({ instruction: 'COPY a go.mod /x', lines: { start: 2, end: 5 } })
  })

  it('leaves out what the build never sees', async () => {
    expect(await find('FROM a\nCOPY . .', { '.dockerignore': 'app\n*.txt\n' })).toEqual(['package-lock.json 2'])
    const specific = { '.dockerignore': '*', 'Dockerfile.dockerignore': 'app\n!app/deep\npackage-lock.json\n' }
    expect(await find('FROM a\nCOPY . .', specific)).toEqual(['app/deep/go.mod 2', 'requirements.txt 2'])
  })

  it.each([
    ['a folder in place of it', { '.dockerignore': {} }, 'its .dockerignore cannot be read: EISDIR'],
    ['one that is too long', { '.dockerignore': 'x'.repeat(1_100_000) }, 'its .dockerignore has 1.0 MiB; no more than'],
    [
      'one that would take hours',
      {
        '.dockerignore': '**/a\n'.repeat(200_000),
        many: Object.fromEntries([...Array(200).keys()].map(at => [`f${String(at)}`, { 'go.mod': '' }])),
      },
      'take too long; use fewer of them',
    ],
    [
      'a Dockerfile that is too long',
      { Dockerfile: '#'.repeat(3_000_000) },
      'its Dockerfile has 2.9 MiB; no more than',
    ],
  ])('refuses an image whose files cannot be examined: %s', async (_, more, refusal) => {
    const web = { Dockerfile: 'FROM a\nCOPY . .', 'go.mod': '', ...more }
    const other = { Dockerfile: 'FROM a\nCOPY . .', 'go.mod': '' }
    const files = new MemoryFiles({ repo: { images: { web, other } } })
    const found = await findLockFiles([anImage('web'), anImage('other')], '/repo', files)
    expect(found[0]?.refusal).toContain(refusal)
    expect(found[1]?.lockFiles.map(({ path }) => path)).toEqual(['go.mod'])
  })

  it.each(['GO.MOD', '(package-lock.json)', '[', '+', 'x{', 'package.lock.json', 'package-lock.json\uFEFF'])(
    'is not misled by %j in a .dockerignore, which hides nothing from a build',
    async pattern => {
      const found = await find('FROM a\nCOPY . .', { '.dockerignore': `${pattern}\n` })
      expect(found).toEqual(['app/Pipfile.lock 2', 'app/deep/go.mod 2', 'package-lock.json 2', 'requirements.txt 2'])
    },
  )

  it('reads no .dockerignore that is a link out of the context', async () => {
    for (const other of [{ linkTo: '/elsewhere/ignore' }, { linkTo: '/gone' }]) {
      expect(await find('FROM a\nCOPY go* requirements.txt .', { '.dockerignore': other })).toEqual([
        'requirements.txt 2',
      ])
    }
    const link = { '.dockerignore': { linkTo: '/repo/images/web/ignore' }, ignore: '*.txt' }
    expect(await find('FROM a\nCOPY *.txt package-lock.json .', link)).toEqual(['package-lock.json 2'])
  })

  it('leaves images alone that are refused, or have no Dockerfile to read', async () => {
    const refused = anImage('web', { refusal: 'a link' })
    const lost = anImage('lost')
    expect(await findLockFiles([refused, lost], '/repo', new MemoryFiles({ repo: {} }))).toEqual([refused, lost])
  })
})
