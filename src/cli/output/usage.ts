import { type Command, CommanderError } from 'commander'

/** What is wrong with a command line, in words of our own. */

/** What people try, and what they may do instead. */
const instead: Readonly<Record<string, string>> = {
  claim:
    'there are no claims of work yet: `grove contribute --kind plan` tells others what you are at',
  reproduce: '`grove contribute --reproduces <cid>` publishes a reproduction',
  list: '`grove log` lists contributions',
  ls: '`grove log` lists contributions',
  publish: '`grove contribute` publishes',
  start: '`grove serve` serves a grove',
  verify: 'a grove verifies every byte by itself, and `grove status` tells what is damaged',
  compare: '`grove diff` compares two contributions',
  gc: 'contributions are kept for good; there is nothing to collect by hand',
  backup: 'copy the directory while no process has it open',
  config: '`grove init --help` tells the settings, which are in grove.json in the directory',
  policy: '`grove serve --help` tells the options of background sync, which are its policy',
  find: '`grove search` finds contributions by their words',
  get: '`grove fetch` fetches a contribution, `grove checkout` writes its files',
  clone: '`grove init` makes a grove, and `grove serve --peer URL` joins others',
  version: '`grove --version` says which version this is',
}

/**
 * Throws for help on a command that there isn't, which commander answers with the help of all as if
 * that were meant.
 */
export function checkHelp(program: Command, [first, name]: readonly string[]): void {
  if (first !== 'help' || name === undefined || name.startsWith('-')) return
  if (program.commands.some((command) => command.name() === name) || name === 'help') return
  throw new CommanderError(1, 'commander.unknownCommand', `error: unknown command '${name}'`)
}

/** One line: what is wrong, and which help tells more. */
export function usageText(
  error: CommanderError,
  program: Command,
  args: readonly string[],
): string {
  const command = program.commands.find((each) => args.includes(each.name()))
  const unknown = /unknown command '([^']*)'/.exec(error.message)?.[1]
  if (unknown !== undefined && Object.hasOwn(instead, unknown))
    return `there is no command ${unknown}: ${instead[unknown]}`
  const help =
    command === undefined || unknown !== undefined
      ? '`grove --help` lists the commands'
      : `\`grove ${command.name()} --help\` lists its arguments and options`
  return `${command === undefined ? told(error) : toldOf(error, command, program, args)}; ${help}`
}

/** What is wrong, or the flag that lacks its value or is misspelt, and so has caused it. */
function toldOf(
  error: CommanderError,
  command: Command,
  program: Command,
  args: readonly string[],
): string {
  const known = [...command.options, ...program.options]
  const flags = known.flatMap(({ short, long }) =>
    [short, long].filter((flag) => flag !== undefined),
  )
  const hungry = known.find(({ short, long, required }) =>
    args.some((text, index) => {
      const next = args[index + 1]
      const isNamed = text === short || text === long
      return required && isNamed && next?.startsWith('--') === true && flags.includes(next)
    }),
  )
  if (hungry !== undefined) return `${hungry.flags} needs a value`
  if (error.code !== 'commander.missingMandatoryOptionValue') return told(error)
  const stranger = args
    .filter((text) => text.startsWith('--') && text.length > 2)
    .map((text) => text.split('=')[0] ?? '')
    .find((flag) => !flags.includes(flag))
  if (stranger === undefined) return told(error)
  const meant = flags.find((flag) => editsBetween(flag, stranger) <= EDITS_MAX)
  const better = meant === undefined ? '' : ` (did you mean ${meant}?)`
  return `there is no option ${stranger}${better}, and ${told(error)}`
}

/** Letters by which a misspelt flag may differ from what was meant. */
const EDITS_MAX = 2

/** The number of letters to add, leave out or change (Levenshtein). O(a × b). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function told({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, '')
  const [about = text] = text.split('\n')
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(text)?.[1]
  const better = meant === undefined ? '' : ` (did you mean ${meant}?)`
  const named = (pattern: RegExp) => pattern.exec(about)?.slice(1) ?? []
  switch (code) {
    case 'commander.unknownOption':
      return `there is no option ${named(/'(.*)'/)[0]}${better}`
    case 'commander.unknownCommand':
      return `there is no command ${named(/'(.*)'/)[0]}${better}`
    case 'commander.missingArgument':
      return `<${named(/'(.*)'/)[0]}> is missing`
    case 'commander.optionMissingArgument':
      return `${named(/option '(.*)' argument/)[0]} needs a value`
    case 'commander.missingMandatoryOptionValue':
      return `${named(/option '(.*)' not/)[0]} is needed`
    case 'commander.excessArguments':
      return 'that is one argument too many'
    case 'commander.invalidArgument':
      return invalidText(text)
    default:
      return about
  }
}

/** A sentence as a part of one. */
const clause = (text: string): string => text.replace(/^It is\b/, 'it is').replace(/\.$/, '')

function invalidText(text: string): string {
  const option = /^option '([^']*)'.*? argument '(.*)' is invalid\. ?(.*)$/s.exec(text)
  const argument = /^command-argument value '(.*)' is invalid for argument '([^']*)'\. ?(.*)$/s
  const [, value = '', name = ''] = argument.exec(text) ?? []
  const why = option?.[3] ?? argument.exec(text)?.[3] ?? text
  const choices = /^Allowed choices are (.*)\.$/.exec(why)?.[1]
  const said =
    choices === undefined ? clause(why) : `'${option?.[2] ?? value}' is none of ${choices}`
  return `${option?.[1] ?? `<${name}>`}: ${said}`
}
