import { existsSync, readFileSync } from 'node:fs'

const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter(line => /^\| \d+ +\|/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()))

const rows = rowsOf(readFileSync('docs/trivy-looks-away.md', 'utf8'))
const threats = readFileSync('docs/threat-model.md', 'utf8')

/** `1, 3 to 5` as numbers. */
const numbersIn = (text: string): number[] =>
  [...text.matchAll(/(\d+)(?: to (\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => Number(first) + at),
  )

const numbersWith = (answer: string): number[] => rows.filter(row => row[3] === answer).map(row => Number(row[1]))

describe('the places where Trivy looks away', () => {
  it('are 127, each with one answer and a reason', () => {
    expect(rows.map(row => Number(row[1]))).toEqual(Array.from({ length: 127 }, (_, at) => at + 1))
    const answers = ['switched off', 'checked', 'refused', 'harmless', 'waits for the inventory', 'remains']
    expect(rows.filter(row => !answers.includes(row[3] ?? '') || row[4] === '')).toEqual([])
  })

  it('that are closed name tests that exist', () => {
    for (const row of rows) {
      const named = [...(row[4] ?? '').matchAll(/\[[^\]]*\]\(\.\.\/([^)]+)\)(?: “([^”]+)”)?/g)]
      if (['switched off', 'checked', 'refused'].includes(row[3] ?? ''))
        expect([row[1], named.length > 0]).toEqual([row[1], true])
      for (const [, file = '', title] of named) {
        expect([file, existsSync(file)]).toEqual([file, true])
        if (title !== undefined) expect(readFileSync(file, 'utf8').replace(/\s+/g, ' ')).toContain(title)
      }
    }
  })

  it.each([
    ['waits for the inventory', /Rows ([^\n]*(?:\n {2}[^\n]*)*?) of \[trivy-looks-away\.md\][^\n]* wait/],
    ['remains', /Rows ([^\n]*(?:\n {2}[^\n]*)*?) of \[trivy-looks-away\.md\][^\n]* remain/],
  ])('are in the threat model where the answer is "%s"', (answer, pattern) => {
    expect(numbersIn(pattern.exec(threats)?.[1] ?? '').sort((a, b) => a - b)).toEqual(numbersWith(answer))
  })
})
