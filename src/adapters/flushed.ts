import type { Writable } from 'node:stream'

/**
 * Waits until a reader has taken all that was written. Without this, `process.exit` drops what is still to be written to a pipe:
 * of a log of more than 64 KiB (the size of a pipe on Linux) a slow reader loses the end.
 */
export async function flushed(...streams: readonly Pick<Writable, 'write'>[]): Promise<void> {
  const write = (stream: Pick<Writable, 'write'>): Promise<void> =>
    new Promise(resolve => {
      // A reader that is gone ends the waiting with an error.
      stream.write('', () => {
        resolve()
      })
    })
  await Promise.all(streams.map(write))
}
