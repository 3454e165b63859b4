import type { Readable } from 'node:stream'
import { createRunProcess, MissingProgramError, type Environment, type RunProcess } from './process.js'

export interface CommandOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** Ends the command when the run ends; absent: it always comes to its own end. */
  readonly run?: RunProcess
  /** Milliseconds. */
  readonly timeout?: number
}

/** Milliseconds: what is short is answered soon, or never. */
const patience = 60_000

const undisturbed = createRunProcess(new AbortController().signal)

/**
 * Asks a program something short. One that is missing answers with exit code 127, and one that does not answer in time with
 * 124, as in a shell.
 * @throws the reason of the run's end, where that came first
 */
export async function askCommand(
  command: string,
  args: readonly string[],
  env: Environment,
  { run = undisturbed, timeout = patience }: CommandOptions = {},
): Promise<CommandOutput> {
  const said: string[] = []
  let stdout = ''
  const onOutput = async (output: Readable): Promise<void> => {
    for await (const chunk of output.setEncoding('utf8')) stdout += String(chunk)
  }
  try {
    const result = await run({ command, args, env, timeout, onLine: line => said.push(line), onOutput })
    if (result.status === 'timed-out') {
      return { exitCode: 124, stdout, stderr: `no answer within ${String(timeout / 1000)} s` }
    }
    const exitCode = result.status === 'exited' ? result.exitCode : 137
    return { exitCode, stdout, stderr: said.join('\n') }
  } catch (error) {
    if (error instanceof MissingProgramError) return { exitCode: 127, stdout, stderr: error.message }
    throw error
  }
}
