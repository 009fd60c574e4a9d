/** What commands say where somebody slips, and that they say what is so. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { unusedPatterns } from '../../../src/cli/commands/work/gather.ts'
import { explain, failureText } from '../../../src/cli/output/hints.ts'
import type { ContributionView, Relation } from '../../../src/core/contribution/schema.ts'
import type { GroveError } from '../../../src/core/errors.ts'
import { joined } from '../../../src/gather/gathered.ts'
import { gitFailed } from '../../../src/git/run.ts'
import { runCommand, terminal } from '../../support/cli-run.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { getJson, publishTo } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const at = testFolder()
let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(() => grove[Symbol.asyncDispose]())

const run = (...args: string[]) => runCommand([...args, '--server', grove.url])
const runAt = (columns: number, ...args: string[]) =>
  runCommand([...args, '--server', grove.url], {
    streams: [terminal(columns), terminal(columns)],
  })

const failed = (targetCid: Relation['targetCid']): Partial<ContributionView> => ({
  kind: 'reproduction',
  summary: 'does not run',
  relations: [{ targetCid, relationType: 'reproduces', metadata: { result: 'failed' } }],
})

test('the same relation named twice is there once', async () => {
  const { cid } = await publishTo(grove.url, {})
  const args = ['--parent', cid, '--parent', cid.slice(7, 27), '--summary', 'once']

  const { printed } = await run('contribute', ...args)

  const path = `/api/contributions/${printed.trim()}`
  const { relations } = await getJson<ContributionView>(grove.url, path)
  assert.equal(relations.length, 1)
})

test('a path that is named twice is refused, and so is an agent with control characters', async () => {
  await writeFile(at('a'), 'a')
  const { cid } = await publishTo(grove.url, {})

  await assert.rejects(
    run('contribute', at('a'), `${at('.')}/./a`, '--summary', 's'),
    /is named twice/,
  )
  await assert.rejects(
    run('adopt', cid, '--agent-id', 'a\nb'),
    /agentId has control characters: "a\\nb"/,
  )
})

test('a search without a word is refused', async () => {
  await assert.rejects(run('search', ''), withCode('usage-error'))
  await assert.rejects(run('search', '!!', '?'), /no word to look for/)
})

test('an address below a grove names the grove that is there', async () => {
  const below = runCommand(['status', '--server', `${grove.url}/api/docs`])

  await assert.rejects(below, new RegExp(`but one at ${grove.url}: name that address`))
  await assert.rejects(below, withCode('server-unreachable'))
})

test('events are followed only once a grove has answered', async () => {
  const notes = terminal()
  const streams = [new PassThrough(), notes] as const
  const silent = runCommand(['events', '--server', 'http://127.0.0.1:1'], { streams })

  await assert.rejects(silent, withCode('server-unreachable'))

  assert.equal(notes.read(), null)
})

test('a method that a route does not take is told with those that it takes', async () => {
  const answer = await fetch(`${grove.url}/api/contributions`, { method: 'DELETE' })

  assert.equal(answer.status, 405)
  assert.match(await answer.text(), /DELETE is not allowed here: this route takes POST, GET, HEAD/)
})

test('what an author says of its own work is marked in what a work is worth', async () => {
  const { cid } = await publishTo(grove.url, {})
  const about = (relationType: 'adopts' | 'reviews') => ({
    relations: [{ targetCid: cid, relationType }],
  })
  const scores = { quality: { value: 1, direction: 'maximize' as const } }
  await publishTo(grove.url, { ...about('adopts'), kind: 'adoption', summary: 'mine' })
  await publishTo(grove.url, { ...about('reviews'), kind: 'review', summary: 'fine', scores })
  const other = { agent: { agentId: 'somebody else' }, summary: 'theirs' }
  await publishTo(grove.url, { ...about('adopts'), ...other, kind: 'adoption' })

  const { printed } = await run('show', cid)

  const said =
    /adopted 2× by 1 grove \(1× by its author\).*review score 1 by 1 grove \(with a review by its author\)/
  assert.match(printed, new RegExp(`standing.*${said.source}`))
  assert.match(printed, new RegExp(`believed.*${said.source}`))
})

test('a list tells a failed reproduction from one that succeeded', async () => {
  const { cid } = await publishTo(grove.url, {})
  await publishTo(grove.url, failed(cid))

  assert.match((await run('log', '--limit', '1')).printed, /reproduction: failed/)
})

test('status, tree and sync fit into 40 columns', async () => {
  const scores = { val_bpb: { value: 1.25, direction: 'minimize' as const, unit: 'bpb' } }
  const { cid } = await publishTo(grove.url, { summary: 'the baseline of all', scores })
  await publishTo(grove.url, failed(cid))

  for (const command of [['status'], ['tree', cid], ['sync']]) {
    const { printed, noted } = await runAt(40, ...command)
    const lines = stripVTControlCharacters(`${printed}\n${noted}`).split(/\r?\n/)
    // An id is not broken, since people copy it.
    for (const line of lines)
      assert.ok(line.length <= 40 || !line.includes(' '), `${command[0]}: ${line}`)
    if (command[0] === 'tree') assert.match(printed, /val_bpb 1\.25 bpb ↓ {2}1 challenge/)
  }
})

test('contributing a large folder tells at once what it looks at, then which file it reads', async () => {
  await writeFile(at('model.bin'), Buffer.alloc(200_000))
  const notes = terminal(120)

  const args = ['contribute', at('model.bin'), '--summary', 's', '--server', grove.url]
  const { noted } = await runCommand(args, { streams: [new PassThrough(), notes] })

  assert.match(noted, /looking for files in .*model\.bin/)
  assert.match(noted, /reading model\.bin/)
})

test('a name that JSON has twice is refused wherever it comes in', async () => {
  const text =
    '{"kind":"work","mode":"evaluation","summary":"a","summary":"b","agent":{"agentId":"x"}}'
  const headers = { 'content-type': 'application/json' }
  const post = (path: string, body: string | FormData) =>
    fetch(`${grove.url}${path}`, {
      method: 'POST',
      body,
      headers: typeof body === 'string' ? headers : {},
    })
  const form = new FormData()
  form.set('manifest', text)

  const answers = await Promise.all([
    post('/api/contributions', text),
    post('/api/contributions', form),
    post('/api/blobs/missing', '{"hashes":[],"hashes":[]}'),
  ])

  for (const answer of answers) {
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /twice: only one of its values would be kept/)
  }
  await assert.rejects(
    run('contribute', '--summary', 's', '--context', '{"seed":1,"seed":2}'),
    /the name \\?"seed\\?" twice/,
  )
})

test('a peer may be named by its host and port alone', async () => {
  const { cid } = await publishTo(grove.url, { summary: 'asked for by its first digits' })
  await using empty = await serveNode()
  const from = ['--peer', `127.0.0.1:${grove.port}`, '--server', empty.url]

  const { printed } = await runCommand(['fetch', cid.slice(7, 27), ...from])

  assert.match(printed, new RegExp(`${cid} +from ${grove.url}`))
})

test('what is wrong with a peer or a revision comes with what to do', () => {
  const refused = { code: 'address-refused', message: '10.0.0.5 may not be dialled' }
  const failure = gitFailed({ stderr: 'fatal: Not a valid object name nosuch\n', code: 128 })

  assert.match(failureText(refused), /--allow-private-peers/)
  assert.match(failure.message, /nosuch; `git log` and `git branch --all` show/)
})

test('the federated frontier has the order of the local one: metrics, then signals', async () => {
  const scores = { zebra: { value: 1, direction: 'minimize' as const } }
  const { cid } = await publishTo(grove.url, { scores })
  await publishTo(grove.url, { relations: [{ targetCid: cid, relationType: 'adopts' }] })

  const { printed } = await run('frontier', '--federated')

  assert.match(printed, /zebra ↓.*adoption ↑.*recency ↑/s)
})

test('a fetch of one file says where it came from, and of none that there is keeps nothing', async () => {
  const { cid } = await publishTo(grove.url, { summary: 'two files' }, { a: 'a', 'b.txt': 'b' })
  await using empty = await serveNode()
  const asking = (...args: string[]) =>
    runCommand(['fetch', cid, '--peer', grove.url, '--server', empty.url, ...args])

  await assert.rejects(asking('--artifacts', 'nosuch'), (error: GroveError) =>
    /has no file 'nosuch'; `grove files .*` lists them/.test(explain(error)),
  )
  const { status } = await fetch(`${empty.url}/api/contributions/${cid}`)
  const { printed } = await asking('--artifacts', 'b.txt')

  assert.equal(status, 404)
  assert.match(printed, new RegExp(`${cid} +from ${grove.url}`))
})

test('a checkout that lacks a file names it, its size and why it lacks', async () => {
  const bytes = 'x'.repeat(2_048)
  await using holder = await serveNode()
  const { cid } = await publishTo(holder.url, { summary: 'large' }, { 'big.bin': bytes })
  await using asker = await serveNode()
  const to = ['--server', asker.url]
  await runCommand(['fetch', cid, '--peer', holder.url, '--artifacts', 'none', ...to])

  const { printed } = await runCommand([
    'fetch',
    cid,
    '--max-bytes',
    '1KiB',
    '--peer',
    grove.url,
    ...to,
  ])
  await holder.stop(0)
  const checkout = runCommand(['checkout', cid, '--to', at('lacking'), ...to])

  assert.match(printed, /missing +big\.bin \(2\.0 KiB\): .*raise --max-bytes/)
  await assert.rejects(checkout, /big\.bin.* could not be had: no peer/)
})

test('an empty message, a timeout of nothing and a place after all metrics are told as such', async () => {
  const { cid } = await publishTo(grove.url, { summary: 'to be answered' })

  await assert.rejects(run('discuss', ''), withCode('usage-error', 'the message is empty'))
  await assert.rejects(run('discuss', cid, ' '), withCode('usage-error', 'the message is empty'))
  await assert.rejects(run('fetch', cid, '--timeout', '0'), /--timeout.*it must be more than 0/)
  assert.match((await run('frontier', '--after', 'zzzz')).noted, /there is no metric after zzzz/)
})

test('patterns of --include that take nothing are named', () => {
  const open = () => new PassThrough()
  const files = [{ path: 'src/.env', executable: false, sizeBytes: 1, open }]
  const gathered = { files, leftOut: [], suspects: [] }

  assert.deepEqual(unusedPatterns(gathered, ['src'], ['.env', '*.key']), [
    '--include *.key matches nothing',
  ])
  assert.match(unusedPatterns(gathered, [], ['.env']).join(), /of a revision all .* is taken/)
})

test('what git does not track but somebody names is not told as left out', () => {
  const leftOut = ['a', 'b'].map((path) => ({ path, reason: 'untracked' as const }))
  const named = { files: [{ path: 'a', symlink: 'b' }], leftOut: [], suspects: [] }
  const patch = { files: [], leftOut, suspects: [] }

  assert.deepEqual(joined([named, patch]).leftOut, [{ path: 'b', reason: 'untracked' }])
})
