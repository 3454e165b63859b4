import { run } from '../testbed.js'
import type { Stage } from './scene.js'

/** Makes RUNNER_TEMP a disk of so many megabytes. */
export async function shrinkDisk({ temp, undo }: Stage, megabytes: number): Promise<void> {
  const mounted = await asRoot('mount', '-t', 'tmpfs', '-o', `size=${String(megabytes)}m,mode=1777`, 'tmpfs', temp)
  if (mounted.exitCode !== 0) throw new Error(`no small disk: ${mounted.stderr}`)
  undo.push(async () => {
    await asRoot('umount', '--lazy', temp)
  })
}

export function asRoot(command: string, ...args: string[]): ReturnType<typeof run> {
  return process.getuid?.() === 0 ? run(command, args) : run('sudo', ['--non-interactive', command, ...args])
}
