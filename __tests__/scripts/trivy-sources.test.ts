import { headersFor } from '../../scripts/trivy-download.mjs'
import {
  parseCommit,
  parseHermit,
  parseInstallAction,
  parseReleases,
  SourceError,
} from '../../scripts/trivy-sources.mjs'
import { archives, everywhere, hash, hermit, installAction, release } from './sources.js'

const values = archives('0.74.0', ...everywhere)
const [archive = ''] = Object.keys(values)

describe('parseReleases', () => {
  it('reads versions, states, dates and digests', () => {
    const [read] = parseReleases(JSON.stringify([release('0.74.0', values)]))
    expect(read).toMatchObject({ version: '0.74.0', draft: false, prerelease: false })
    expect(read?.published).toBe(Date.parse('2026-08-14T09:00:00Z'))
    expect(read?.assets.find(({ name }) => name === archive)?.sha256).toBe(values[archive])
  })

  it('has no value where GitHub has no digest, or a file is not there whole', () => {
    const { assets, ...rest } = release('0.74.0', values)
    const text = JSON.stringify([{ ...rest, assets: assets.map(asset => ({ ...asset, state: 'open' })) }])
    expect(parseReleases(text)[0]?.assets.map(({ sha256 }) => sha256)).toEqual(assets.map(() => undefined))
    const signature = parseReleases(JSON.stringify([release('0.74.0', {})]))[0]?.assets.at(-1)
    expect(signature).toMatchObject({ sha256: undefined })
  })

  it('takes a version with a suffix for a pre-release, and a date that nobody can read for the future', () => {
    const [read] = parseReleases(JSON.stringify([release('0.75.0-rc.1', {}, { published_at: null })]))
    expect(read).toMatchObject({ prerelease: true, published: Number.POSITIVE_INFINITY })
  })

  it('leaves out tags that are no version', () => {
    const text = JSON.stringify([release('0.74.0', {}), release('0.74.0', {}, { tag_name: 'canary\n::set-output' })])
    expect(parseReleases(text)).toHaveLength(1)
  })

  it.each<[string, string, RegExp]>([
    ['half an answer', JSON.stringify([release('0.74.0', values)]).slice(0, -5), /not JSON, or only a part/],
    ['an error instead of a list', '{"message":"API rate limit exceeded"}', /not a list/],
    ['an empty list', '[]', /has no release/],
    ['a release without files', JSON.stringify([{ ...release('0.74.0', {}), assets: null }]), /not a list/],
    [
      'a release without a state',
      JSON.stringify([{ ...release('0.74.0', {}), draft: 'no' }]),
      /draft or a pre-release/,
    ],
    ['another digest', JSON.stringify([release('0.74.0', { [archive]: 'a'.repeat(40) })]), /not a SHA-256/],
    ['a file without a name', JSON.stringify([{ ...release('0.74.0', {}), assets: [{}] }]), /has no name/],
    ['a list of something else', '[null]', /not an object/],
  ])('refuses %s', (_, text, words) => {
    expect(() => parseReleases(text)).toThrow(words)
  })
})

describe('parseInstallAction', () => {
  it.each(['hash', 'checksum'])('reads what is under "%s"', key => {
    expect(Object.fromEntries(parseInstallAction(installAction(values, key)))).toEqual(values)
  })

  it.each<[string, string, RegExp]>([
    ['half a file', installAction(values).slice(0, 900), /not JSON/],
    ['a file without templates', '{"0.74.0":{}}', /templates/],
    ['a file without versions', installAction({}), /no values at all/],
    ['a platform without a template', installAction(values).replace('"x86_64_macos": {', '"x": {'), /template/],
    ['another key', installAction(values, 'sha'), /not a SHA-256/],
    ['archives of another address', installAction(values, 'hash', 'https://get.trivy.dev'), /not the address/],
    ['an address of another version', installAction(values).replaceAll('/v${version}', '/v0.1.0'), /not the address/],
  ])('refuses %s', (_, text, words) => {
    expect(() => parseInstallAction(text)).toThrow(words)
  })
})

describe('parseHermit', () => {
  it('reads the block of values', () => {
    expect(Object.fromEntries(parseHermit(hermit(values)))).toEqual(values)
  })

  it.each<[string, string, RegExp]>([
    ['half a file', hermit(values).slice(0, -120), /only a part of it arrived/],
    ['a file without values', 'description = "x"\n', /no sha256sums/],
    ['an empty block', hermit({}).replace('{\n\n}', '{\n}'), /no values at all/],
    ['something else in the block', hermit(values).replace('sha256sums = {', 'sha256sums = {\n  x = 1'), /no pair/],
    ['a short value', hermit({ [archive]: 'abc' }), /not a SHA-256/],
    ['archives of another address', hermit(values, 'https://example.com'), /not the address/],
    [
      'two values for one archive',
      hermit(values).replace(/\n}\n$/, `\n${line(archive, hash('x'))}\n}\n`),
      /two values/,
    ],
  ])('refuses %s', (_, text, words) => {
    expect(() => parseHermit(text)).toThrow(words)
  })

  function line(name: string, value: string): string {
    return `  "https://github.com/aquasecurity/trivy/releases/download/v0.74.0/${name}": "${value}",`
  }
})

describe('every reader', () => {
  it('prints nothing of what it cannot read', () => {
    const hostile = '::warning::owned\n##[error]owned'
    for (const parse of [
      parseReleases,
      parseInstallAction,
      parseHermit,
      (text: string) => parseCommit(text, 'the log'),
    ]) {
      const error = thrown(() => parse(hostile))
      expect(error).toBeInstanceOf(SourceError)
      expect(error.message).not.toContain('owned')
    }
    expect(thrown(() => parseHermit(hermit(values).replace(archive, hostile))).message).not.toContain('owned')
  })

  function thrown(act: () => unknown): Error {
    try {
      act()
    } catch (error) {
      return error as Error
    }
    throw new Error('Nothing was thrown')
  }
})

describe('parseCommit', () => {
  it('takes nothing but a commit', () => {
    expect(parseCommit(`[{"sha":"${'a'.repeat(40)}"}]`, 'the log')).toBe('a'.repeat(40))
    expect(() => parseCommit('[{"sha":"main/../../x"}]', 'the log')).toThrow('the log names no commit')
    expect(() => parseCommit('[]', 'the log')).toThrow(SourceError)
  })
})

describe('the token', () => {
  it.each<[string, boolean]>([
    ['https://api.github.com/repos/aquasecurity/trivy/releases', true],
    ['https://raw.githubusercontent.com/a/b/c/d', false],
    ['https://api.github.com.example.com/', false],
    ['https://api.github.com@example.com/', false],
    ['http://api.github.com/', false],
  ])('goes to %s: %s', (url, sent) => {
    expect('authorization' in headersFor(url, 'secret')).toBe(sent)
    expect('authorization' in headersFor(url, '')).toBe(false)
  })
})
