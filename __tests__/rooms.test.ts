import { ESLint } from 'eslint'

/** What the rule of the rooms says of an import in a file. */
async function lint(filePath: string, statement: string): Promise<string[]> {
  const [result] = await new ESLint().lintText(`${statement}\n`, { filePath })
  return (result?.messages ?? [])
    .filter(({ ruleId }) => ruleId === 'no-restricted-imports')
    .map(({ message }) => message)
}

describe('the rule of the rooms', () => {
  it.each([
    ['a room and another room', 'src/decide/verdict.ts', "import '../scan/report.js'"],
    ['a room and an adapter', 'src/report/summary.ts', "import '../adapters/process.js'"],
    ['a room and the file system', 'src/scan/report.ts', "import 'node:fs'"],
    ['a room and the toolkit', 'src/report/outputs.ts', "import '@actions/core'"],
    ['a room and the story', 'src/explain/origin.ts', "import '../main.js'"],
    ['the story and an adapter', 'src/main.ts', "import './adapters/process.js'"],
    ['the foundation and the model', 'src/dockerfile/dockerfile.ts', "import '../model.js'"],
    ['the foundation and the file system', 'src/dockerfile/dockerfile.ts', "import 'node:fs'"],
    ['an adapter and a room', 'src/adapters/process.ts', "import '../scan/report.js'"],
  ])('keeps apart %s', async (_, file, statement) => {
    expect(await lint(file, statement)).toHaveLength(1)
  })

  it('lets a room use the model and what is in it', async () => {
    const statements =
      "import '../model.js'\nimport '../errors.js'\nimport '../ports.js'\nimport './finding.js'\nimport '../dockerfile/text.js'"
    expect(await lint('src/decide/verdict.ts', statements)).toEqual([])
  })
})
