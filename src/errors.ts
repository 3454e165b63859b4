/**
 * The errors that people meet. Each says what happened and what to do next; the class says whose turn it is.
 * Anything else that is thrown is a defect of Image Gate and is reported as one.
 */

export abstract class GateError extends Error {
  abstract readonly kind: 'configuration' | 'tool' | 'integrity' | 'github'

  constructor(
    message: string,
    /** What to do next, as a sentence. */
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = new.target.name
  }

  /** Every mistake on its own; most errors have one. */
  get messages(): readonly string[] {
    return [this.message]
  }
}

/** The caller's to mend: an input, the command line, the layout of the repository. */
export class ConfigurationError extends GateError {
  readonly kind = 'configuration'
  readonly #messages: readonly string[]

  /** @param mistakes all of them, so that nobody mends one only to meet the next */
  constructor(mistakes: string | readonly string[], advice: string, options?: ErrorOptions) {
    const all = typeof mistakes === 'string' ? [mistakes] : mistakes
    super(all.join('\n'), advice, options)
    this.#messages = all
  }

  override get messages(): readonly string[] {
    return this.#messages
  }
}

/** A program that we depend on is missing, broke, or did not answer in time. */
export class ToolError extends GateError {
  readonly kind = 'tool'

  constructor(
    message: string,
    advice: string,
    /** The last lines that the tool printed. */
    readonly log: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, advice, options)
  }
}

/** Something is not what it claims to be: a checksum, an image, a report. Never to be retried away. */
export class IntegrityError extends GateError {
  readonly kind = 'integrity'
}

/** GitHub's API refused or did not answer. Only reporting asks it, so that it changes no verdict. */
export class GitHubApiError extends GateError {
  readonly kind = 'github'

  constructor(
    message: string,
    advice: string,
    /** True where the token may not do what was asked for. */
    readonly forbidden: boolean,
    options?: ErrorOptions,
  ) {
    super(message, advice, options)
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : String(error)
}

/** Makes the compiler check that a union is handled wholly. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`)
}
