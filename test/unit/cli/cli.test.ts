import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { agentFrom, parseScore } from '../../../src/cli/options.ts'
import { printable, printableLines } from '../../../src/cli/output/format.ts'
import { draw, type Member } from '../../../src/cli/output/lineage.ts'
import { type Output, printJson } from '../../../src/cli/output/output.ts'
import { progressLine } from '../../../src/cli/output/progress.ts'
import { progressOf } from '../../../src/cli/output/watch.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { formatSize } from '../../../src/core/units.ts'
import { gatherPaths } from '../../../src/gather/paths.ts'
import { temporaryDirectory } from '../../support/folder.ts'

test('a score has a name, a value, a direction and an optional unit', () => {
  assert.deepEqual(parseScore('val_bpb=0.95:minimize'), [
    'val_bpb',
    { value: 0.95, direction: 'minimize' },
  ])
  assert.deepEqual(parseScore('speed=-1e3:maximize:tok/s'), [
    'speed',
    { value: -1000, direction: 'maximize', unit: 'tok/s' },
  ])
})

test('a score without a direction, a name or a finite value is refused', () => {
  for (const text of [
    'val_bpb=0.95',
    '=1:minimize',
    'x=:minimize',
    'x=NaN:minimize',
    'x=1:down',
    'x',
  ]) {
    assert.throws(() => parseScore(text), text)
  }
})

test('a score that diverged is refused, with how to say that it did', () => {
  for (const text of [
    'loss=nan',
    'loss=NaN:minimize',
    'loss=inf:minimize',
    'loss=-Infinity:maximize',
  ])
    assert.throws(() => parseScore(text), /Leave out one that diverged/, text)
  assert.equal(parseScore('information=1:maximize')[0], 'information')
})

test('the agent comes from the options, or the environment, or is user@host', () => {
  assert.equal(agentFrom({ agentId: 'a' }, 'b').agentId, 'a')
  assert.deepEqual(agentFrom({ model: 'm', agentRole: 'critic' }, 'b'), {
    agentId: 'b',
    model: 'm',
    role: 'critic',
  })
  assert.match(agentFrom({}, undefined).agentId, /^.+@.+$/)
})

test('text from others cannot control the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\nc\u202e'), 'a\u{fffd}[2Jb c\u{fffd}')
  assert.equal(printableLines('a\u0007\r\nb'), 'a\u{fffd}\nb')
})

test('what shows nothing in text from others is marked, but not what joins letters', () => {
  assert.equal(printable('ad\u200ba \u{e0041}\ufeff\u3164'), 'ad\u{fffd}a \u{fffd}\u{fffd}\u{fffd}')
  const joined = '\u{1f468}\u200d\u{1f469}\ufe0f \u0915\u094d\u200d e\u0301'
  assert.equal(printableLines(joined), joined)
})

test('neither can text from others in JSON, which stays the same value', () => {
  const value = { summary: 'a\u202eb\u2066\u061c\u0085\u2028\u001b\u200b\u{e0041}' }
  const written: string[] = []
  const answer = { write: (text: string) => written.push(text) }
  const unread = new AbortController().signal

  printJson({ answer, unread } as unknown as Output, value)

  const text = written.join('')
  assert.match(text, /^[\n -~]*$/)
  assert.deepEqual(JSON.parse(text), value)
})

test('sizes are printed in binary units', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1_572_864, -1].map(formatSize), [
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '?',
  ])
})

test('a progress line shows share, amount and rate, as far as they are known', () => {
  const known = progressLine({ label: 'model.bin', doneBytes: 512, totalBytes: 1024 }, 1_000)
  const unknown = progressLine({ label: 'model.bin', doneBytes: 512, totalBytes: undefined }, 1_000)

  assert.match(known, /^\[#{12}·{12}\] {2}50 % {2}512 B of 1\.0 KiB {2}512 B\/s {2}model\.bin$/)
  assert.equal(unknown, '512 B  512 B/s  model.bin')
})

test('a progress line leaves out what has no room, and cuts no number', () => {
  const state = { label: 'runs/seed-1/model.bin', doneBytes: 64e6, totalBytes: 128e6 }
  const lines = [100, 78, 60, 39, 20, 6].map((width) => progressLine(state, 1_000, width))

  const amount = '61.0 MiB of 122 MiB'
  assert.deepEqual(lines, [
    `[${'#'.repeat(12)}${'·'.repeat(12)}]  50 %  ${amount}  61.0 MiB/s  runs/seed-1/model.bin`,
    ` 50 %  ${amount}  61.0 MiB/s  runs/seed-1/model.bin`,
    ` 50 %  ${amount}  61.0 MiB/s  …ns/seed-1/model.bin`,
    ' 50 %  runs/seed-1/model.bin',
    ' 50 %  …-1/model.bin',
    ' 50 %',
  ])
})

test('of several transfers only the sum so far is told: what the whole will be is not known', () => {
  const event = { type: 'transfer', hash: cid('a'), sizeBytes: 10 } as Parameters<
    typeof progressOf
  >[0]
  const [one, other] = [
    { received: 4, size: 10 },
    { received: 2, size: 2 },
  ] as const

  assert.deepEqual(progressOf(event, [one]).totalBytes, 10)
  assert.deepEqual(progressOf(event, [one, other]), {
    label: '2 artifacts',
    doneBytes: 6,
    totalBytes: undefined,
  })
})

const cid = (name: string) => hashBytes(Buffer.from(name))
const member = (name: string, ...parents: string[]): Member => ({
  cid: cid(name),
  view: undefined,
  parents: parents.map(cid),
  evidence: {},
  cut: false,
})

/** The lines of a lineage, each with the name of its member; `*` where it was drawn above. */
function drawn(list: readonly Member[], names: string): string[] {
  const named = new Map([...names].map((name) => [cid(name), name]))
  const members = new Map(list.map((each) => [each.cid, each]))
  return draw({ cid: list[0]!.cid, members }).map(
    ({ branch, member: { cid }, again }) => `${branch}${named.get(cid)}${again ? '*' : ''}`,
  )
}

test('a lineage is drawn from its origins down, with a child of two parents unfolded once', () => {
  const list = [
    member('a'),
    member('b', 'a'),
    member('c', 'a'),
    member('d', 'b', 'c'),
    member('e', 'd'),
  ]

  const text = drawn(list, 'abcde')

  assert.equal(text.length, 6)
  assert.equal(text[0], '● a')
  assert.equal(text.filter((line) => line.endsWith('*')).length, 1)
  assert.equal(text.filter((line) => line.endsWith('e')).length, 1)
  assert.ok(text.some((line) => line.startsWith('├─● ')))
})

test('a long line of descent stays in one column, and its side branches leave it', () => {
  const list = [
    member('a'),
    member('b', 'a'),
    member('x', 'a'),
    member('y', 'x'),
    member('c', 'b'),
    member('d', 'c'),
  ]

  assert.deepEqual(drawn(list, 'abcdxy'), ['● a', '├─● x', '│ ● y', '● b', '● c', '● d'])
})

test('a lineage with unknown parents has itself as its only root', () => {
  const only = member('x', 'unknown')

  const lines = draw({ cid: only.cid, members: new Map([[only.cid, only]]) })

  assert.deepEqual(
    lines.map((line) => line.branch),
    ['● '],
  )
})

test("a directory's files are named by their paths in it, without hidden files", async () => {
  await using temporary = await temporaryDirectory()
  const folder = temporary.dir
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, 'src/train.py'), 'x')
  await writeFile(join(folder, 'config.json'), '{}')
  await writeFile(join(folder, '.env'), 'secret')
  await symlink('/etc/passwd', join(folder, 'link'))

  const { files, leftOut } = await gatherPaths([folder], { env: {} })

  assert.deepEqual(files.map(({ path, symlink }) => [path, symlink]).toSorted(), [
    ['config.json', undefined],
    ['link', '/etc/passwd'],
    ['src/train.py', undefined],
  ])
  assert.deepEqual(leftOut, [{ path: '.env', reason: 'hidden' }])
})

test('a file outside of the working directory is named by the last part of its path', async () => {
  await using temporary = await temporaryDirectory()
  const folder = temporary.dir
  await writeFile(join(folder, 'a.txt'), 'x')

  const { files } = await gatherPaths([join(folder, 'a.txt')], { env: {} })

  assert.deepEqual(
    files.map(({ path }) => path),
    ['a.txt'],
  )
})

test('a missing file is refused', async () => {
  await using temporary = await temporaryDirectory()

  const gathering = gatherPaths([join(temporary.dir, 'nothing')], { env: {} })

  await assert.rejects(gathering, { code: 'usage-error' })
})
