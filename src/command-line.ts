/** The options of `image-gate`: those of action.yml that mean something on a person's machine, and a few of its own. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { ConfigurationError, messageOf } from './errors.js'
import { inputNames, inputTable, isSwitch, type InputName, type RawInputs } from './inputs.js'

export interface GateCommand {
  readonly kind: 'gate'
  /** The repository, as given. */
  readonly path: string
  readonly inputs: RawInputs
  readonly verbose: boolean
  /** Open the HTML report in a browser. */
  readonly open: boolean
}

export type Command = GateCommand | { readonly kind: 'help' } | { readonly kind: 'version' }

const optionNames: readonly InputName[] = inputNames.filter(name => inputTable[name].actionOnly !== true)

/** @throws ConfigurationError for options that there are not */
export function parseCommandLine(args: readonly string[]): Command {
  // A switch may stand alone, as people expect: --warn-only is --warn-only=true.
  const switches = new Set(optionNames.filter(isSwitch).map(name => `--${name}`))
  const { values, positionals } = readArgs(args.map(arg => (switches.has(arg) ? `${arg}=true` : arg)))
  const { help, version, verbose, open, ...inputs } = values
  if (help === true) return { kind: 'help' }
  if (version === true) return { kind: 'version' }
  if (positionals.length > 1) {
    throw new ConfigurationError(`more than one path: ${positionals.join(', ')}`, 'Give one; see image-gate --help.')
  }
  return {
    kind: 'gate',
    path: positionals[0] ?? '.',
    inputs: inputs as RawInputs,
    verbose: verbose === true,
    open: open === true,
  }
}

function readArgs(args: string[]): { values: Record<string, unknown>; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = {
    ...Object.fromEntries(optionNames.map(name => [name, { type: 'string' as const }])),
    help: { type: 'boolean', short: 'h' },
    open: { type: 'boolean' },
    verbose: { type: 'boolean', short: 'v' },
    version: { type: 'boolean' },
  }
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new ConfigurationError(messageOf(error), 'See image-gate --help.', { cause: error })
  }
}

export function helpText(): string {
  const options = optionNames.flatMap(name => {
    const { description, default: defaultText } = inputTable[name]
    const flag = isSwitch(name) ? `--${name}[=false]` : `--${name} VALUE`
    const preset = defaultText === '' ? [] : [`      Default: ${defaultText.split(',').join(', ')}`]
    return [`  ${flag}`, `      ${description}`, ...preset]
  })
  return [
    'Usage: image-gate [PATH] [OPTION...]',
    '',
    'Builds, scans and gates every container image of the repository at PATH (default: here),',
    'as the action of the same name does in a pull request.',
    '',
    'Options:',
    ...options,
    '  --open',
    '      Open the HTML report in a browser',
    '  -v, --verbose',
    '      Show what the builds print',
    '  -h, --help',
    '      Show this help',
    '  --version',
    '      Show the version',
    '',
    'Exit status: 0 passed, 2 blocked, 1 error.',
    '',
  ].join('\n')
}
