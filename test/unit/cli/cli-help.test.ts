import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Command } from 'commander'
import { operations } from '../../../src/api/operations/table.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { systemClock } from '../../../src/runtime/clock.ts'

/** The program, and its output so far. */
function program(columns?: number): { program: Command; printed: () => string } {
  const terminal = columns === undefined ? {} : { isTTY: true, columns, getColorDepth: () => 1 }
  const stream = Object.assign(new PassThrough(), terminal)
  const output = {
    answer: stream as unknown as NodeJS.WriteStream,
    notes: stream as unknown as NodeJS.WriteStream,
  }
  const { signal } = new AbortController()
  const context = {
    env: {},
    output: { ...output, unread: signal },
    clock: systemClock,
    interrupted: signal,
    signal,
    exit() {},
  }
  return { program: createProgram(context), printed: () => String(stream.read() ?? '') }
}

const names = program().program.commands.map((command) => command.name())

test('the overview lists every command, the ways to choose a grove, and the exit codes', () => {
  const { program: overview, printed } = program()

  overview.outputHelp()

  const text = printed()
  for (const name of names) assert.match(text, new RegExp(`^ {2}${name} `, 'm'))
  for (const part of ['GROVE_URL', 'GROVE_DIR', '--json', 'Exit codes', 'Examples:'])
    assert.ok(text.includes(part), part)
})

for (const name of names) {
  test(`grove ${name} has help with examples and the options of every command`, () => {
    const { program: all, printed } = program()
    const command = all.commands.find((each) => each.name() === name)

    command?.outputHelp()

    const text = printed()
    assert.match(text, /Examples:\n {2}grove /)
    assert.ok(text.includes('--json'))
  })
}

test('a command that asks one operation has its default for --limit', () => {
  const { program: all } = program()
  const limitOf = (name: string) =>
    all.commands
      .find((each) => each.name() === name)
      ?.options.find(({ long }) => long === '--limit')

  const { frontier, search } = operations
  assert.equal(limitOf('frontier')?.defaultValue, frontier.input.parse({}).limit)
  assert.equal(limitOf('search')?.defaultValue, search.input.parse({ q: '' }).limit)
})

for (const width of [40, 80, 120])
  test(`the help of every command fits ${width} columns, but for its usage and examples`, () => {
    const { program: all, printed } = program(width)
    for (const command of [...all.commands, all]) command.outputHelp()

    const lines = printed()
      .split('\n')
      .filter((line) => !/^(Usage:| {2}grove |The|Which|itself)/.test(line))
    for (const line of lines.filter((line) => line.startsWith('      ')))
      assert.ok(line.length <= width, line)
    assert.ok(lines.length > 100)
  })
