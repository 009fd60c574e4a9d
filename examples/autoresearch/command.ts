import { existsSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * A script's usage, and its options with their defaults. An option without a default is required.
 */
export interface CommandLine<Options extends Record<string, string | undefined>> {
  readonly usage: string
  readonly options: Options
}

/**
 * Calls `run` with the parsed options if the module at `url` is the main script, and prints what it
 * returns. An error is one line on stderr, with exit code 1.
 */
export function runAsCommand<Name extends string>(
  url: string,
  { usage, options }: CommandLine<Record<Name, string | undefined>>,
  run: (options: Record<Name, string>) => string,
): void {
  const script = process.argv[1]
  if (script === undefined || !existsSync(script) || realpathSync(script) !== fileURLToPath(url))
    return
  try {
    process.stdout.write(`${run(readOptions(usage, options))}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

function readOptions<Name extends string>(
  usage: string,
  defaults: Record<Name, string | undefined>,
): Record<Name, string> {
  const names = Object.keys(defaults) as Name[]
  const { values } = parse(usage, names)
  const entries = names.map((name) => {
    const value = values[name] ?? defaults[name]
    if (value === undefined) throw new Error(`--${name} is missing\n${usage}`)
    return [name, value] as const
  })
  return Object.fromEntries(entries) as Record<Name, string>
}

function parse(usage: string, names: readonly string[]) {
  try {
    return parseArgs({
      options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    })
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${usage}`, { cause })
  }
}
