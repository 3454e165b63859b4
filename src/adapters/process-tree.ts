/** Who descends from a process. Only Linux tells cheaply; elsewhere the process group has to do. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Descendant {
  readonly pid: number
  /** Tells it from a later process that got the same number. */
  readonly started: string
}

/**
 * A process group does not hold all of them: the docker client starts ssh in a session of its own. To be asked before the
 * processes end: whose parent is gone descends from nobody.
 */
export function descendantsOf(pid: number): readonly Descendant[] {
  return childrenOf(pid).flatMap(child => {
    const started = startOf(child)
    return started === undefined ? [] : [{ pid: child, started }, ...descendantsOf(child)]
  })
}

/** False for a zombie too: it has ended, and only its parent has not asked how. */
export function isAlive({ pid, started }: Descendant): boolean {
  return startOf(pid) === started
}

/** Each thread has the children that it started. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${String(pid)}/task`
  return attempt(() => readdirSync(tasks), []).flatMap(task => {
    const text = attempt(() => readFileSync(`${tasks}/${task}/children`, 'utf8'), '')
    return text.split(' ').filter(Boolean).map(Number)
  })
}

function startOf(pid: number): string | undefined {
  // The name, in parentheses, may itself hold spaces and parentheses. See proc(5).
  const text = attempt(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8'), '')
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : fields[18]
}

/** Processes end while they are looked at. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
