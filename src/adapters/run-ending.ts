/** When a run must end before its time, and how long each part of it may still take. */
import { setMaxListeners } from 'node:events'
import { ToolError } from '../errors.js'
import type { Ending } from '../ports.js'

/**
 * Milliseconds after the run must end. A runner sends SIGINT, 7.5 s later SIGTERM, and 2.5 s later it kills
 * (`ProcessInvoker.cs` in actions/runner): by then all must be told and cleaned up.
 */
const cancelledStages = { overdue: 2000, cleaning: 3500, reporting: 5500, stuck: 7000 }

/** The same where it is the run's own limit, and nobody kills who still writes the reports of many images. */
const limitStages = { ...cancelledStages, cleaning: 10_000, reporting: 60_000, stuck: 90_000 }

/** SIGHUP is a terminal that is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens for whoever cancels the run, until it is done: a second signal changes nothing. */
export class RunEnding implements Ending {
  readonly #cancelled = new AbortController()
  readonly #overdue = new AbortController()
  readonly #cleaning = new AbortController()
  readonly #reporting = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []

  constructor() {
    // Each child listens, and there may be many.
    for (const { signal } of [this.#cancelled, this.#overdue, this.#cleaning, this.#reporting])
      setMaxListeners(0, signal)
    for (const name of signals) process.on(name, this.#onSignal)
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal
  }

  get overdue(): AbortSignal {
    return this.#overdue.signal
  }

  /** Aborted when what cleans up must be done. */
  get cleaning(): AbortSignal {
    return this.#cleaning.signal
  }

  /** Aborted when whoever is told over the network must have been told. */
  get reporting(): AbortSignal {
    return this.#reporting.signal
  }

  /** @param milliseconds that the run may take from now on */
  limit(milliseconds: number): void {
    const error = new ToolError(
      `the run was not done after ${timeText(milliseconds)}`,
      'Raise total-timeout (GitHub ends a job after 6 hours), or gate fewer images at a time with the input images.',
    )
    this.#timers.push(
      setTimeout(() => {
        this.#end(error, limitStages)
      }, milliseconds).unref(),
    )
  }

  /** Everybody was told, and nothing is left: what comes now may end the process at once. */
  done(): void {
    this.#timers.splice(0).forEach(clearTimeout)
    for (const name of signals) process.off(name, this.#onSignal)
  }

  readonly #onSignal = (): void => {
    this.#end(new ToolError('the run was cancelled', 'Run it again.'), cancelledStages)
  }

  #end(reason: ToolError, stages: typeof cancelledStages): void {
    if (this.cancelled.aborted) return
    const later = (milliseconds: number, act: () => void): NodeJS.Timeout => {
      const timer = setTimeout(act, milliseconds)
      this.#timers.push(timer)
      return timer
    }
    for (const [milliseconds, controller] of [
      [stages.overdue, this.#overdue],
      [stages.cleaning, this.#cleaning],
      [stages.reporting, this.#reporting],
    ] as const) {
      later(milliseconds, () => {
        controller.abort(reason)
      })
    }
    later(stages.stuck, () => process.exit(1)).unref()
    this.#cancelled.abort(reason)
  }
}

function timeText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const text = parts.map((part, at) => (part === 0 ? '' : `${String(part)} ${['h', 'min', 's'][at] ?? ''}`))
  return text.filter(Boolean).join(' ')
}
