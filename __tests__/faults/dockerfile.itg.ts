/** Dockerfiles that copy a lock file in ways that a parser may not see. Each build makes sure that the file is in the image. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dockerfileOf } from '../testbed.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

const lock = JSON.stringify({
  ...{ name: 'x', version: '1.0.0', lockfileVersion: 3 },
  packages: { '': { name: 'x', version: '1.0.0' }, 'node_modules/lodash': { version: '4.17.4' } },
})

const from = 'FROM debian:bookworm\n'
const copy = 'COPY package-lock.json /app/\n'
const check = 'RUN test -s /app/package-lock.json\n'

/** By the name of the image: the trick, and the Dockerfile, each character of which is a byte. */
const tricks: Record<string, readonly [string, string]> = {
  control: ['nothing: the control', from + copy + check],
  quotes: ['<< in quotation marks', `${from}RUN echo "hello <<NAME>>" > /f\n${copy}${check}`],
  program: ['<< in the JSON form', `${from}RUN ["sh", "-c", "echo $((1 <<2))"]\n${copy}${check}`],
  escaped: ['an escaped backslash at the end of a line', `${from}RUN printf a\\\\\n${copy}${check}`],
  onbuild: ['ONBUILD in a stage below', `${from.trim()} AS b\nONBUILD ${copy}FROM b\n${check}`],
  'onbuild-mark': [
    'ONBUILD with a byte order mark',
    `${from.trim()} AS b\nONBUILD \xEF\xBB\xBF${copy}FROM b\n${check}`,
  ],
  'onbuild-text': [
    'ONBUILD that has a source only when its text is read again',
    `# escape=\`\n${from.trim()} AS b\nONBUILD COPY <<E \\\npackage-lock.json /app/\nE\nFROM b\n${check}`,
  ],
  json: ['a comment within the JSON form', `${from}COPY ["package-lock.json", \\\n# lock\n"/app/"]\n${check}`],
  'empty-from': ['an empty --from=', `${from}COPY --from= package-lock.json /app/\n${check}`],
  descriptor: ['a here-document with a descriptor', `${from}RUN 3<<EOF cat <&3\nRUN x <<Q\nEOF\n${copy}${check}`],
  space: ['odd white space', `${from}\xC2\xA0COPY\vpackage-lock.json\f/app/\n${check}`],
  directive: ['a comment that looks like a directive', `# a=b\n# escape=\`\n${from}LABEL a="x" b=\`\n${copy}${check}`],
  keyword: ['a comment within the keyword', `${from}CO\\\n# c\nPY package-lock.json /app/\n${check}`],
  bytes: ['a byte that is no UTF-8 after a flag', `${from}COPY --link\xA0package-lock.json /app/\n${check}`],
  name: [
    'a here-document whose name is no UTF-8',
    `${from}COPY <<E\xFF /f\nE\xFF\nRUN x <<Z\nE\xEF\xBF\xBD\n${copy}${check}`,
  ],
}

const write = (workspace: string, name: string, text: string): void => {
  writeFileSync(join(workspace, dockerfileOf(name)), text, 'latin1')
}

const lockOf = (name: string): string => dockerfileOf(name).replace('Dockerfile', 'package-lock.json')

const images: Scene = {
  result: 'blocked',
  files: Object.fromEntries([...Object.keys(tricks), 'text'].map(name => [lockOf(name), lock])),
  arrange: ({ workspace }) => {
    for (const [name, [, text]] of Object.entries(tricks)) write(workspace, name, text)
    write(workspace, 'text', `${from}RUN << EOF\n: ; true || \\\n${copy}EOF\nRUN test ! -e /app\n`)
  },
  // The other way round: what is not copied does not count.
  others: { text: 'clean' },
  rows: Object.entries(tricks).map(([image, [fault]]): Row => ({
    fault,
    where: 'Dockerfile',
    image,
    state: 'vulnerable',
    says: 'CVE-2019-10744',
  })),
}

const faults = new Faults([images])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
