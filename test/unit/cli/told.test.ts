/** What commands tell, and write, of a grove that is served. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { after, before, beforeEach, test } from 'node:test'
import type { Draft, Score } from '../../../src/core/contribution/schema.ts'
import { runCommand, terminal } from '../../support/cli-run.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft, publishTo } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const at = testFolder()
let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(() => grove[Symbol.asyncDispose]())

let metric = ''
let metrics = 0
beforeEach(() => {
  metric = `v${++metrics}`
})

const run = (...args: string[]) => runCommand([...args, '--server', grove.url])

const scored = (value: number, score: Partial<Score> = {}, draft: Partial<Draft> = {}) => ({
  scores: { [metric]: { value, direction: 'minimize' as const, ...score } },
  ...draft,
})

test('the best is the best work, not a review of it with a better score', async () => {
  const files = { 'train.py': 'x' }
  const work = await publishTo(grove.url, { summary: 'the work', ...scored(1) }, files)
  const relations = [{ targetCid: work.cid, relationType: 'reviews' as const }]
  const about: Partial<Draft> = { kind: 'review', summary: 'the review', relations }
  await publishTo(grove.url, scored(0.5, {}, about))

  const { printed } = await run('frontier', '--metric', metric)
  await run('checkout', '--frontier', metric, '--to', at('best'))

  assert.match(printed, /the work/)
  assert.doesNotMatch(printed, /the review/)
  assert.equal(await readFile(at('best/train.py'), 'utf8'), 'x')
})

test('a ranking tells which works it leaves out, and that units differ', async () => {
  await publishTo(grove.url, scored(1))
  await publishTo(grove.url, scored(97, { unit: '%' }))
  await publishTo(grove.url, scored(2, { direction: 'maximize' }))

  const { noted } = await run('frontier', '--metric', metric)

  const why = '(1 published here), not minimised (2 published here)'
  assert.ok(noted.includes(`left out: 1 work in which ${metric} is maximised ${why}\n`))
  assert.match(noted, new RegExp(`${metric} ranks values in units that differ: none .*% \\(1\\)`))
})

test('over HTTP too, a score in the other direction is refused unless it is insisted on', async () => {
  await publishTo(grove.url, scored(1))
  const other = ['contribute', '--summary', 'a typo', '--score', `${metric}=2:maximize`]

  await assert.rejects(run(...other), withCode('metric-conflict'))

  assert.match((await run(...other, '--insist')).printed, /^blake3:/)
})

test('what background sync refuses is told by status, by sync and at /metrics', async ({
  mock,
}) => {
  const { sync } = grove.node
  const refused = { 'too-large': 2 }
  const report = { ...(await sync.round()), refused }
  mock.method(sync, 'refusalCounts', () => refused)
  mock.method(sync, 'round', async () => report)

  const status = await run('status')
  const round = await run('sync')
  const figures = await (await fetch(`${grove.url}/metrics`)).text()

  assert.match(status.printed, /not fetched +2 items: too-large; `grove fetch` brings them/)
  assert.match(round.printed, /not fetched unasked: 2 items: too-large; `grove fetch` brings/)
  assert.match(figures, /^grove_sync_refused\{reason="too-large"\} 2$/m)
})

test('where a thread is cut, the command that shows the rest is told', async () => {
  const root = await publishTo(grove.url, { kind: 'discussion', mode: 'exploration' })
  const relations = [{ targetCid: root.cid, relationType: 'responds_to' as const }]
  for (const summary of ['one', 'two'])
    await publishTo(grove.url, { ...plainDraft, kind: 'discussion', summary, relations })

  const { noted } = await run('thread', root.cid, '--limit', '2')

  assert.match(noted, /there is more: grove thread [0-9a-f]+ --after [0-9a-f]+/)
})

test('pointers of Git LFS among the files are named', async () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
  await writeFile(at('model.bin'), pointer)

  const { noted } = await run('contribute', at('model.bin'), '--summary', 'a model')

  assert.match(noted, /pointers of Git LFS, not the files themselves: model\.bin/)
})

test('at a terminal, serve logs for people', async () => {
  const answer = new PassThrough()
  const interrupt = new AbortController()
  answer.once('readable', () => interrupt.abort())
  const args = ['serve', '--port', '0', '--dir', at('served')]

  const { noted } = await runCommand(args, {
    signal: interrupt.signal,
    streams: [answer, terminal()],
  })

  assert.match(noted, /^\S+ {2}listening/m)
})

test("an invite to a machine's bare name is warned of, and one to a whole name is not", async () => {
  const noted = async (address: string) => (await run('invite', '--address', address)).noted

  assert.match(await noted('http://vm:4515'), /a machine's bare name/)
  assert.match(await noted('http://vm'), /a machine's bare name/)
  assert.doesNotMatch(await noted('https://grove.example'), /bare name/)
  assert.doesNotMatch(await noted('http://10.0.0.5:4515'), /bare name/)
})

test('who joins is told that it stays in `open`', async () => {
  await using joiner = await serveNode()
  await using members = await serveNode(undefined, {}, { admission: 'members' })
  const noted = async (url: string) => {
    const { printed } = await run('invite', '--quiet')
    return (await runCommand(['join', printed.trim(), '--server', url])).noted
  }

  assert.match(await noted(joiner.url), /stays in `open`/)
  assert.doesNotMatch(await noted(members.url), /stays in `open`/)
})
