/** Where the commits come from that a change is judged by. Pure. */
import type { GitSetting } from './environment.js'

export interface OwnRepository {
  /** The address of GitHub: `https://github.com`. */
  readonly serverUrl: string
  /** `OWNER/NAME` of the repository that the workflow runs in. */
  readonly repository: string
}

/**
 * What to fetch from: the remote `origin`, unless that is another repository on the same server. A workflow that checks out
 * the fork of a pull request has the fork as `origin`, whose branches its author writes.
 * @param origin the address of the remote `origin`
 */
export function remoteOf(origin: string, { serverUrl, repository }: OwnRepository): string {
  const [server, remote] = [hostAndPathOf(serverUrl), hostAndPathOf(origin)]
  if (server === undefined || remote === undefined || remote.host !== server.host) return 'origin'
  if (remote.path === repository.toLowerCase()) return 'origin'
  return `${serverUrl.replace(/\/+$/, '')}/${repository}`
}

/** Both in lower case, as GitHub compares them. Undefined for what is no address: a path on this machine. */
function hostAndPathOf(address: string): { readonly host: string; readonly path: string } | undefined {
  // `git@HOST:OWNER/NAME.git`, as ssh has it.
  const short = /^(?:[^@/:]+@)?([^@/:]+):(?!\/\/)(.+)$/.exec(address)
  if (short === null && !URL.canParse(address)) return undefined
  const { hostname, pathname } = short ? { hostname: short[1] ?? '', pathname: short[2] ?? '' } : new URL(address)
  if (hostname === '') return undefined
  const path = pathname
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/i, '')
  return { host: hostname.toLowerCase(), path: path.toLowerCase() }
}

/** Settings by which git reaches a server; with a name in between where they are for one server. */
const forTheWay = /^(http|url|credential|ssh|core\.(sshcommand|gitproxy)$)/

/**
 * The settings of a checkout that another repository needs to fetch from the same server: its credentials, first of all.
 * @param listed what `git config --list -z` prints: `KEY LF VALUE NUL`
 */
export function settingsForTheWay(listed: string): readonly GitSetting[] {
  return listed
    .split('\0')
    .map((entry): GitSetting => {
      const end = entry.indexOf('\n')
      // A key without `=` and value means true.
      return end < 0 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)]
    })
    .filter(([key]) => forTheWay.test(key))
}
