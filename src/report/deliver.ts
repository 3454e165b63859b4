import { GateError, messageOf } from '../errors.js'
import type { Report } from '../model.js'
import type { Console, Outlet } from '../ports.js'

/** Brings the report to every outlet. One that refuses is a warning: the verdict is decided and stays as it is. */
export async function deliver(report: Report, outlets: readonly Outlet[], console: Console): Promise<void> {
  for (const outlet of outlets) {
    try {
      await outlet.deliver(report)
    } catch (error) {
      const advice = error instanceof GateError ? `. ${error.advice}` : ''
      console.warning(`The ${outlet.name} could not be written: ${messageOf(error)}${advice}`)
    }
  }
}
