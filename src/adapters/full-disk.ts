import { ToolError } from '../errors.js'

/** True for what the file system says when there is no room. */
export function isFullDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '')
}

/** Turns what the file system refuses, most often for a full disk, into an error with an advice; throws anything else as it is. */
export function explainFullDisk(error: unknown): never {
  if (isFullDisk(error)) throw fullDisk('no space was left while the images were worked on')
  const { code = '', syscall, message } = (error ?? {}) as NodeJS.ErrnoException
  if (syscall !== undefined || tooBig.has(code)) {
    throw new ToolError(
      `the file system refused: ${message}`,
      'Check the temporary folder (RUNNER_TEMP) and its disk, then run again.',
      [],
      { cause: error },
    )
  }
  throw error
}

/** What Node refuses to read as one text. */
const tooBig: ReadonlySet<string> = new Set(['ERR_FS_FILE_TOO_LARGE', 'ERR_STRING_TOO_LONG'])

export function fullDisk(what: string): ToolError {
  return new ToolError(
    `the disk is full: ${what}`,
    'Free space on the disk of the temporary folder (RUNNER_TEMP), gate fewer images at a time with the input images, or use a bigger runner.',
  )
}
