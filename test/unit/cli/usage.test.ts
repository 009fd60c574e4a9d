import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import { completionScript, shells } from '../../../src/cli/output/completion.ts'
import { checkHelp, usageText } from '../../../src/cli/output/usage.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { temporaryDirectory } from '../../support/folder.ts'

function program() {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  const { signal } = new AbortController()
  const output = { answer: stream, notes: stream, unread: signal }
  return createProgram({
    env: {},
    output,
    clock: systemClock,
    interrupted: signal,
    signal,
    exit() {},
  })
}

/** What is said of a command line that can't be read. */
async function told(...args: string[]): Promise<string> {
  const all = program()
  try {
    checkHelp(all, args)
    await all.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return usageText(error, all, args)
    throw error
  }
  throw new Error('it can be read')
}

const ofContribute = '; `grove contribute --help` lists its arguments and options'

test('a command line that cannot be read is answered in words of our own', async () => {
  assert.equal(
    await told('contribute', '--sumary', 'x'),
    `there is no option --sumary (did you mean --summary?), and -s, --summary <text> is needed${ofContribute}`,
  )
  assert.equal(
    await told('contribute', '-s', 'x', '--tgas', 'x'),
    `there is no option --tgas (did you mean --tag?)${ofContribute}`,
  )
  assert.match(await told('contribute', '--colour', 'x'), /^there is no option --colour, and -s/)
  assert.match(
    await told('checkout', '24c41ac12fbc', '--frontier', '--to', 'x'),
    /^--frontier <metric> needs a value; `grove checkout --help/,
  )
  assert.equal(await told('contribute'), `-s, --summary <text> is needed${ofContribute}`)
  assert.equal(
    await told('contribute', '-s', 'x', '--kind', 'wrok'),
    "--kind <kind>: 'wrok' is none of work, review, discussion, adoption, reproduction, plan, " +
      `ask_user, response${ofContribute}`,
  )
  assert.match(await told('completions', 'sh'), /^<shell>: 'sh' is none of bash, zsh, fish;/)
  assert.match(await told('log', '--limit', 'many'), /^-n, --limit <count>: "many" is not a whole/)
  assert.match(
    await told('log', '--limit'),
    /^-n, --limit <count> needs a value; `grove log --help/,
  )
  assert.match(await told('show'), /^<cid> is missing; `grove show --help`/)
  assert.match(await told('status', 'x'), /^that is one argument too many; `grove status --help`/)
  assert.match(
    await told('contribute', '-s', 'x', '--score', 'loss'),
    /^--score <\S+>: "loss" is not of the form .*val_bpb=0\.95:minimize:bpb; `grove/,
  )
})

test('an unknown command is met with the one that was meant', async () => {
  assert.equal(
    await told('serch'),
    'there is no command serch (did you mean search?); `grove --help` lists the commands',
  )
  assert.equal(
    await told('help', 'nope'),
    'there is no command nope; `grove --help` lists the commands',
  )
  assert.match(await told('help', 'list'), /`grove log` lists contributions/)
  assert.match(await told('reproduce', '24c41ac12fbc'), /contribute --reproduces <cid>/)
  assert.match(await told('claim', 'x'), /contribute --kind plan/)
})

/** What bash offers for a command line whose last word is being typed. */
function completed(...words: string[]): string[] {
  const script = `${completionScript(program(), 'bash')}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length - 1}
    _grove
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, their options and the choices of an option', {
  skip: spawnSync('bash', ['--version']).status !== 0 && 'no bash here',
}, () => {
  assert.deepEqual(completed('grove', 'fro'), ['frontier'])
  assert.deepEqual(completed('grove', '--json', 'contribute', '--sum'), ['--summary'])
  assert.deepEqual(completed('grove', 'log', '--kind', 're'), [
    'review',
    'reproduction',
    'response',
  ])
  assert.deepEqual(completed('grove', 'show', ''), [])
  assert.deepEqual(completed('grove', '--dir', 'x'), [])
})

for (const shell of shells)
  test(`the completion for ${shell} has every command, and is sound where ${shell} is installed`, async () => {
    await using temporary = await temporaryDirectory()
    const file = join(temporary.dir, 'completion')
    const script = completionScript(program(), shell)
    await writeFile(file, script)

    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })

    for (const command of program().commands) assert.ok(script.includes(command.name()))
    if (error === undefined) assert.equal(status, 0, stderr)
  })

test('what other tools call a command is told by its name here', async () => {
  for (const [tried, here] of [
    ['verify', 'status'],
    ['compare', 'diff'],
    ['find', 'search'],
    ['get', 'fetch'],
    ['version', '--version'],
  ] as const)
    assert.match(await told(tried), new RegExp(`there is no command ${tried}: .*${here}`))
})
