import type { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { Command, Option } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/runtime/clock.ts'

/** The text of docs/CLI.md: every command with its arguments, options and examples. */
export function cliReference(): string {
  const program = quietProgram()
  const commands = program.commands.filter((command) => command.name() !== 'help')
  const index = commands.map(
    (command) =>
      `| [\`${command.name()}\`](#grove-${command.name()}) | ${cell(command.description())} |`,
  )
  return `${[
    '# Command line',
    '',
    '<!-- Written by scripts/gen-docs.ts from the commands themselves: change those. -->',
    '',
    `${program.description()}.`,
    '',
    '| command | what it does |',
    '|---|---|',
    ...index,
    '',
    'Options of every command:',
    '',
    ...optionTable(program),
    '',
    '```',
    textAfter(program).trim(),
    '```',
    '',
    ...commands.flatMap(section),
  ]
    .join('\n')
    .trim()}\n`
}

function section(command: Command): string[] {
  const args = command.registeredArguments.map(
    (argument) => `| \`${argument.name()}\` | ${cell(argument.description)} |`,
  )
  const options = optionTable(command)
  const more = textAfter(command).trim()
  return [
    `## grove ${command.name()}`,
    '',
    `${command.description()}.`,
    '',
    `    grove ${command.name()} ${command.usage()}`,
    '',
    ...(args.length === 0 ? [] : ['| argument | |', '|---|---|', ...args, '']),
    ...(options.length === 0 ? [] : [...options, '']),
    ...(more === '' ? [] : ['```', more, '```', '']),
  ]
}

function optionTable(command: Command): string[] {
  const options = command.options.filter((option) => option.long !== '--version')
  const rows = options.map(
    (option) => `| \`${option.flags.replaceAll('|', '\\|')}\` | ${cell(describe(option))} |`,
  )
  return rows.length === 0 ? [] : ['| option | |', '|---|---|', ...rows]
}

function describe({ description, argChoices, defaultValue }: Option): string {
  const choices = argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]
  const fallback = defaultValue === undefined ? [] : [`default ${String(defaultValue)}`]
  const more = [...choices, ...fallback].join('; ')
  return more === '' ? description : `${description} (${more})`
}

/** The notes and examples that follow the options in a command's help. */
function textAfter(command: Command): string {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  // Commander keeps these texts as listeners: it is an EventEmitter, though its types hide it.
  ;(command as unknown as EventEmitter).emit('afterHelp', { write, error: false, command })
  return text
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

/** The program without outputs, to be read and not run. */
function quietProgram(): Command {
  const nowhere = new PassThrough() as unknown as NodeJS.WriteStream
  const { signal } = new AbortController()
  return createProgram({
    env: {},
    output: { answer: nowhere, notes: nowhere, unread: signal },
    clock: systemClock,
    interrupted: signal,
    signal,
    exit() {},
  })
}
