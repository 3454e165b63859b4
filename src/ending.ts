import type { Ending } from './ports.js'

/**
 * Waits for work; when the run must end, only as long as work takes that heeds it.
 * @throws the reason of the run's end, and what the work throws
 */
export async function unlessOverdue<T>(work: Promise<T>, { overdue }: Ending): Promise<T> {
  let onOverdue = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    onOverdue = () => {
      reject(overdue.reason as Error)
    }
    if (overdue.aborted) onOverdue()
    else overdue.addEventListener('abort', onOverdue)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    overdue.removeEventListener('abort', onOverdue)
  }
}

/** What made work fail: once the run must end, that is the reason, whatever became of the work. */
export function causeOf(error: unknown, cancelled: AbortSignal | undefined): unknown {
  return cancelled?.aborted === true ? cancelled.reason : error
}
