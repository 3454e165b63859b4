/** What names can do: to each other, and to whatever prints or uses them. */
import { toSafeName } from '../../src/discover/name.js'
import type { ImageState } from '../../src/model.js'
import type { FileTree } from '../git.js'
import { dockerfileOf, heartbleed } from '../testbed.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

const scratch = (word: string): string => `FROM scratch\nLABEL word=${word}\nCOPY Dockerfile /\n`

const bleeding = (name: string): FileTree => ({ [dockerfileOf(name)]: `${heartbleed}LABEL name=x\n` })

const row = (image: string, state: ImageState, fault: string, says: string | RegExp): Row => ({
  ...{ fault, where: 'image names', image, state, says },
})

const names: Scene = {
  result: 'blocked',
  files: {
    ...bleeding('web'),
    [dockerfileOf('Web')]: scratch('upper'),
    // What the other one is called in the engine.
    ...bleeding(toSafeName('Web')),
    ...bleeding('caf\u00e9'),
    [dockerfileOf('cafe\u0301')]: scratch('decomposed'),
    ...bleeding('n'.repeat(255)),
    [dockerfileOf(`${'n'.repeat(254)}o`)]: scratch('other-long'),
  },
  rows: [
    row('web', 'vulnerable', 'names that differ by case', 'CVE-2014-0160'),
    row(toSafeName('Web'), 'vulnerable', 'a name that another one has in the engine', 'CVE-2014-0160'),
    row('caf\u00e9', 'vulnerable', 'names that differ by Unicode normalisation', 'CVE-2014-0160'),
    row('n'.repeat(255), 'vulnerable', 'names of 255 bytes that differ in the last', 'CVE-2014-0160'),
  ],
  others: { Web: 'clean', 'cafe\u0301': 'clean', [`${'n'.repeat(254)}o`]: 'clean' },
}

/** Each a way to be taken for something else by a shell, a runner, a terminal, HTML, Markdown, JSON, CSV, or an option. */
const nasty = [
  '::error::pwned',
  ' ::set-output name=result::pwned',
  '##[error]pwned',
  '\r::error::pwned',
  '\n::error::pwned\n',
  '\n::stop-commands::pwned\n',
  '%0A::error::pwned',
  '\u001b[31m\u001b]0;pwned\u0007',
  '\u2028::error::pwned',
  '\u202epwned',
  '\ufeff\u200b',
  '--output=pwned',
  '-',
  '$(touch @CANARY@)',
  '`touch pwned`',
  '; touch pwned',
  '| tee pwned',
  '&& touch pwned',
  '"quoted"',
  "'quoted'",
  '<script>pwned()<',
  '](https:pwned)![x](',
  '| a | b |',
  '<!-- image-gate -->',
  ',=;:@#?*[a]{b,c}',
  '\\',
  '...',
  '..',
  '~',
  '\u{1f4a9}\u0301',
].map(text => text.replaceAll('/', ''))

const manyNames = Array.from({ length: 300 }, (_, index) => `${nasty[index % nasty.length] ?? ''}${String(index)}`)

const isBuilt = (index: number): boolean => index % 19 === 0

/** With a control character in the path the docker client cannot build: it puts the path into a header. */
const endsOf = (index: number): ImageState =>
  isBuilt(index) && !manyNames[index]?.includes('\u001b') ? 'clean' : 'build-failed'

const hostileNames: Scene = {
  files: Object.fromEntries(
    manyNames.map((name, index) => [dockerfileOf(name), isBuilt(index) ? scratch(String(index)) : '-> nowhere']),
  ),
  rows: [row(manyNames[1] ?? '', endsOf(1), '300 hostile names', '')],
  others: Object.fromEntries(
    manyNames.map((name, index) => [name, endsOf(index)]).filter((_, index) => index !== 1),
  ) as Readonly<Record<string, ImageState>>,
}

const faults = new Faults([names, hostileNames])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
