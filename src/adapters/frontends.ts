/**
 * The frontends that `# syntax=` names. A frontend makes the build of a Dockerfile, and `--pull` is not for it: Docker takes
 * the engine's image of that name, which may be of any age and of anybody.
 */
import { ToolError } from '../errors.js'
import type { CommandOutput } from './command.js'

/** Asks the docker client. */
type Ask = (args: readonly string[], timeout: number) => Promise<CommandOutput>

/** The frontend that a line of BuildKit's progress says is looked for. In what a Dockerfile puts there quotation marks are escaped. */
export function frontendIn(line: string): string | undefined {
  return /"name":"resolve image config for (?:docker-image:\/\/)?([^"\s\\]+)"/.exec(line)?.[1]
}

/** What the engine has under the names of frontends, held against their registries once a run. */
export class Frontends {
  readonly #ask: Ask
  readonly #checks = new Map<string, Promise<boolean>>()
  readonly #certain = new Set<string>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Those that are what their registries have: what is built from now on is built with these. */
  get certain(): ReadonlySet<string> {
    return new Set(this.#certain)
  }

  /**
   * Sees to it that the engine has what the registries have. One that the engine does not have came out of its registry.
   * @param timeout milliseconds
   * @returns whether the engine had something else, so that what was built with it must be built again
   * @throws ToolError where the engine has one that its registry does not give
   */
  async refresh(names: readonly string[], timeout: number): Promise<boolean> {
    const moved = await Promise.all(
      names.map(name => {
        const check = this.#checks.get(name) ?? this.#check(name, timeout)
        this.#checks.set(name, check)
        return check
      }),
    )
    return moved.includes(true)
  }

  async #check(name: string, timeout: number): Promise<boolean> {
    const before = await this.#idOf(name, timeout)
    if (before !== undefined) {
      const pulled = await this.#ask(['pull', '--quiet', '--', name], timeout)
      if (pulled.exitCode !== 0) {
        throw new ToolError(
          `the frontend ${name} of # syntax cannot be pulled: ${pulled.stderr.trim().split('\n').at(-1) ?? ''}`,
          'The engine itself has an image of that name, of unknown age and origin, which is not used: remove it, or set the input pull to false to build with it.',
        )
      }
    }
    this.#certain.add(name)
    return before !== undefined && (await this.#idOf(name, timeout)) !== before
  }

  async #idOf(name: string, timeout: number): Promise<string | undefined> {
    const { exitCode, stdout } = await this.#ask(['image', 'inspect', '--format', '{{.Id}}', '--', name], timeout)
    return exitCode === 0 ? stdout.trim() : undefined
  }
}
