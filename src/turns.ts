import type { Turns } from './ports.js'

/** @param most how many may run at once, at least 1 */
export function takeTurns(most: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running < most) running += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Whoever waits longest takes over the place.
      const successor = waiting.shift()
      if (successor === undefined) running -= 1
      else successor()
    }
  }
}
