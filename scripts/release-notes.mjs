// @ts-check
/**
 * Prints the notes of a release: its section of CHANGELOG.md, and how to pin and check it.
 *
 *     node scripts/release-notes.mjs v1.2.3 COMMIT
 *
 * The job that releases may write, so no package is imported here.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @param {string} changelog @param {string} tag `v1.2.3` @param {string} commit its full SHA */
export function releaseNotes(changelog, tag, commit) {
  const version = tag.replace(/^v/, '')
  const lines = changelog.split('\n')
  const start = lines.findIndex(line => line.startsWith(`## [${version}] - `))
  if (start < 0)
    throw new Error(`CHANGELOG.md has no section "## [${version}] - DATE": write what is new in ${version}`)
  if (!/ - \d{4}-\d\d-\d\d$/.test(lines[start] ?? '')) {
    throw new Error(`CHANGELOG.md gives ${version} no date: put the day of its release into its heading`)
  }
  const length = lines.slice(start + 1).findIndex(line => line.startsWith('## ') || /^\[[^\]]+\]: /.test(line))
  const section = lines
    .slice(start + 1, length < 0 ? undefined : start + 1 + length)
    .join('\n')
    .trim()
  if (section === '') throw new Error(`CHANGELOG.md says nothing of ${version}: write what is new`)
  return `${section}

### To use exactly this

\`\`\`yaml
- uses: image-gate/image-gate@${commit} # ${tag}
\`\`\`

What GitHub runs carries a provenance attestation: in a checkout of ${tag},
\`gh attestation verify dist/index.js --repo image-gate/image-gate\`, and the same for \`action.yml\`.
`
}

const [tag, commit] = process.argv.slice(2)
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (tag === undefined || commit === undefined) throw new Error('Usage: node scripts/release-notes.mjs TAG COMMIT')
  process.stdout.write(releaseNotes(readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8'), tag, commit))
}
