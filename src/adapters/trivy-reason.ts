/** As much as fits into one line of a log. */
const maxLength = 400

/**
 * Why Trivy failed, from what it printed: `FATAL Fatal error ...: 2 errors occurred:` and then each on a line with a
 * bullet (in debug mode: a dash), the innermost last.
 */
export function trivyReason(said: readonly string[]): string {
  const line =
    said.filter(text => /^\s*[*-] /.test(text)).at(-1) ??
    said.filter(text => /FATAL|error/i.test(text)).at(-1) ??
    said.at(-1)
  const reason = (line ?? 'it gave no reason').replace(/^\s*[*-] /, '').replace(/^.*?FATAL\s+(Fatal error\s+)?/, '')
  return reason.length <= maxLength ? reason : `…${reason.slice(-maxLength)}`
}
