/**
 * Steps of matching that one image may cost, some seconds. Patterns and files both come from the repository under test, and
 * their product has no other limit.
 */
const maxSteps = 10_000_000

/** Counts the steps of matching, so that a repository cannot keep the gate busy. */
export class MatchingWork {
  #steps = 0
  readonly #most: number

  constructor(most = maxSteps) {
    this.#most = most
  }

  get steps(): number {
    return this.#steps
  }

  /** @throws Error beyond the limit */
  add(steps: number): void {
    this.#steps += steps
    if (this.#steps <= this.#most) return
    throw new Error(
      'the patterns of its .dockerignore and of its COPY instructions, held against its lock files, take too long; use fewer of them',
    )
  }
}
