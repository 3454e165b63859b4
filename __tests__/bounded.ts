/** Work that must end soon whatever the input: linear work on a megabyte takes milliseconds, quadratic work minutes. */
import { runInNewContext } from 'node:vm'

/** Milliseconds: far from both, so that a slow or busy machine decides nothing. */
const deadline = 30_000

/** @throws where the work is not done by the deadline: V8 ends it, also within a regular expression */
export function bounded<T>(work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: deadline }) as T
}
