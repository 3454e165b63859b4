import { getExecOutput } from '@actions/exec'
import { messageOf } from '../errors.js'
import type { Environment } from './process.js'

export interface CommandOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Asks a program something short. A program that is missing answers with exit code 127, as in a shell. */
export async function askCommand(command: string, args: readonly string[], env: Environment): Promise<CommandOutput> {
  try {
    return await getExecOutput(command, [...args], { env: { ...env }, silent: true, ignoreReturnCode: true })
  } catch (error) {
    return { exitCode: 127, stdout: '', stderr: messageOf(error) }
  }
}
