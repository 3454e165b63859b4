import { readFileSync } from 'node:fs'
import { releaseNotes } from '../../scripts/release-notes.mjs'

const commit = 'c'.repeat(40)
const changelog = `# Changelog

## [Unreleased]

- Later.

## [1.1.0] - 2026-09-02

### Added

- New.

## [1.0.0] - 2026-09-01

- First.

[1.1.0]: https://example.com/1.1.0
`

describe('releaseNotes', () => {
  it('has the section of the version and nothing of another', () => {
    expect(releaseNotes(changelog, 'v1.1.0', commit)).toMatch(/^### Added\n\n- New\.\n\n### To use exactly this/)
    expect(releaseNotes(changelog, 'v1.1.0', commit)).not.toMatch(/First|Later/)
  })

  it('ends with the text, before the links', () => {
    expect(releaseNotes(changelog, 'v1.0.0', commit)).toMatch(/^- First\.\n\n### To use/)
  })

  it('says how to pin the release by its commit', () => {
    expect(releaseNotes(changelog, 'v1.1.0', commit)).toContain(`- uses: image-gate/image-gate@${commit} # v1.1.0`)
  })

  it.each<[string, string, RegExp]>([
    ['a version without a section', 'v1.1', /has no section "## \[1\.1\] - DATE"/],
    ['a version without a date', 'v0.9.0', /gives 0\.9\.0 no date/],
    ['an empty section', 'v0.8.0', /says nothing of 0\.8\.0/],
  ])('refuses %s', (_, tag, words) => {
    const text = `${changelog.split('\n[')[0] ?? ''}\n## [0.9.0] - unreleased\n\n- x\n\n## [0.8.0] - 2026-01-01\n`
    expect(() => releaseNotes(text, tag, commit)).toThrow(words)
  })

  it('reads this project’s own changelog', () => {
    const text = readFileSync('CHANGELOG.md', 'utf8').replace('[0.1.0] - unreleased', '[0.1.0] - 2026-12-01')
    expect(releaseNotes(text, 'v0.1.0', commit)).toContain('### Added')
  })
})
