import { existsSync, readFileSync } from 'node:fs'

/** The rows of the tables that begin with a threat's number. */
const threats = readFileSync('docs/threat-model.md', 'utf8')
  .split('\n')
  .filter(line => /^\| [A-Z]\d+ \|/.test(line))
  .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))

describe('the threat model', () => {
  it('numbers each threat once', () => {
    const numbers = threats.map(cells => cells[1])
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.length).toBeGreaterThan(35)
  })

  it.each(threats.map(cells => [cells[1], cells.at(-2) ?? ''] as const))(
    'names tests for %s that exist',
    (_, tests) => {
      const named = [...tests.matchAll(/\[[^\]]*\]\(\.\.\/([^)]+)\)(?: “([^”]+)”)?/g)]
      expect(named.length).toBeGreaterThan(0)
      for (const [, file = '', title] of named) {
        expect(existsSync(file)).toBe(true)
        // Titles may stand over several lines, and with placeholders.
        const text = readFileSync(file, 'utf8').replace(/\s+/g, ' ')
        if (title !== undefined) expect(text).toContain(title)
      }
    },
  )
})
