import { withoutIgnores } from '../../src/adapters/trivy-ignores.js'
import { bounded } from '../bounded.js'

/** What Trivy takes for a rule (`pkg/iac/ignore/parse.go`), so that a word that it would read is known here too. */
function ignoresIn(dockerfile: string): string[] {
  const words = dockerfile.split('\n').flatMap(line => line.trim().split(' '))
  const plain = words.map(word => word.trim().replace(/^[#/*]+/, ''))
  return plain.filter(word => {
    const [tool, ...sections] = word.split(':')
    const keys = sections.filter((_, at) => at % 2 === 0)
    return (tool === 'trivy' || tool === 'tfsec') && keys.includes('ignore')
  })
}

describe('withoutIgnores', () => {
  it.each([
    ['#trivy:ignore:DS-0002', '#trivy_ignore:DS-0002'],
    ['# trivy:ignore:* tfsec:ignore:DS-0001', '# trivy_ignore:* tfsec_ignore:DS-0001'],
    ['RUN x #trivy:exp:2030-01-01:ignore:DS-0029', 'RUN x #trivy_exp:2030-01-01:ignore:DS-0029'],
    ['//trivy:\tignore:DS-0002', '//trivy_\tignore:DS-0002'],
    ['RUN echo trivy:ignore:*', 'RUN echo trivy_ignore:*'],
    ['LABEL a=b /*#tfsec:a:b:ignore:DS-0002[x=y]', 'LABEL a=b /*#tfsec_a:b:ignore:DS-0002[x=y]'],
    ['RUN <<E\n\u00a0trivy:ignore:*\nE', 'RUN <<E\n\u00a0trivy_ignore:*\nE'],
    ['\u0085*/trivy:ignore:*\r', '\u0085*/trivy_ignore:*\r'],
  ])('makes %j mean nothing', (dockerfile, expected) => {
    expect(withoutIgnores(dockerfile)).toBe(expected)
    expect(ignoresIn(withoutIgnores(dockerfile))).toEqual([])
  })

  it.each([
    'FROM aquasec/trivy:0.74.0',
    'FROM trivy:1\nRUN ignore',
    'FROM aquasec/trivy:0.74.0 AS ignored',
    'RUN trivy:1 --ignorefile x',
  ])('leaves %j', dockerfile => {
    expect(withoutIgnores(dockerfile)).toBe(dockerfile)
  })

  it.each(['trivy:', 'trivy:ignore', 'tfsec: ', 'ignore', 'trivy'])('is linear: a mebibyte of %j', piece => {
    const text = `#${piece.repeat(Math.floor(2 ** 20 / piece.length))}`
    expect(bounded(() => withoutIgnores(text))).toHaveLength(text.length)
  })
})
