import fc from 'fast-check'
import { parseInputs } from '../src/inputs.js'
import { ConfigurationError } from '../src/errors.js'
import { secretsIn } from '../src/registry-credentials.js'

const read = (text: string): ReturnType<typeof parseInputs>['registryCredentials'] =>
  parseInputs({ 'registry-credentials': text }, () => []).registryCredentials

function mistakeOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return ''
}

describe('registry-credentials', () => {
  it('are none where none are given', () => {
    expect(read('')).toEqual([])
  })

  it('are split at the first equals sign, then at the first colon', () => {
    expect(read('GHCR.io=me:a=b:c\r\n\n  localhost:5000=_json_key:{"a": 1}\ndocker.io=you:x')).toEqual([
      { registry: 'ghcr.io', username: 'me', password: 'a=b:c' },
      { registry: 'localhost:5000', username: '_json_key', password: '{"a": 1}' },
      { registry: 'docker.io', username: 'you', password: 'x' },
    ])
  })

  it('say all mistakes at once, by line, and nothing that could be a password', () => {
    const lines = [
      'hunter2',
      'me:hunter2',
      'https://ghcr.io=me:hunter2',
      'ghcr.io/team=me:hunter2',
      'me:hunter2=ghcr.io',
      'quay.io=hunter2',
      'a.example=:hunter2',
      'b.example=me:',
      'c.example=me:hunter\u00012',
      'd.example=me:hunter2',
      'D.example=you:hunter2',
    ]
    const mistake = mistakeOf(lines.join('\n'))
    expect(mistake).toMatch(/^registry-credentials: line 1: is not of the form REGISTRY=USERNAME:PASSWORD; line 2: /)
    expect(mistake).toContain('line 3: what stands before the first = is not a registry such as ghcr.io')
    expect(mistake).toContain('line 6: quay.io: what follows the first = is not of the form USERNAME:PASSWORD')
    expect(mistake).toContain('line 7: a.example: the user name is empty; line 8: b.example: the password is empty')
    expect(mistake).toContain('line 9: c.example: the user name or password has a control character')
    expect(mistake).toMatch(/line 11: d\.example is named twice$/)
    expect(mistake).not.toContain('hunter')
  })

  it('never show a password in an error', () => {
    const word = fc.string({ minLength: 1, maxLength: 6 })
    const line = fc.tuple(word, fc.constantFrom('=', ':', ' '), word, fc.constantFrom('=', ':', ' '))
    fc.assert(
      fc.property(fc.array(line), lines => {
        const text = lines.map(parts => `${parts.join('')}hunter2`).join('\n')
        expect(mistakeOf(text)).not.toContain('hunter2')
      }),
    )
  })

  it('are hidden from the log, also as HTTP sends them, and also where a line is mistyped', () => {
    const encoded = Buffer.from('me:pass:word').toString('base64')
    expect(secretsIn('ghcr.io=me:pass:word\n\nalone\r\nyou:secret')).toEqual(
      expect.arrayContaining(['pass:word', encoded, 'alone', 'secret']) as string[],
    )
    expect(secretsIn('')).toEqual([])
    expect(secretsIn('ghcr.io=\n')).toEqual(['ghcr.io='])
  })
})
