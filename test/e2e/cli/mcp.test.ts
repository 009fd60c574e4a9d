import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { testFolder } from '../../support/folder.ts'
import { plainDraft, postJson } from '../../support/http.ts'
import { cleanEnvironment } from '../../support/processes/environment.ts'
import { mcpSession } from '../../support/processes/mcp-session.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const main = join(import.meta.dirname, '../../../src/cli/main.ts')

const at = testFolder()
let grove: ServedNode
let elsewhere: ServedNode
const agent = new Client({ name: 'test', version: '1' })
before(async () => {
  grove = await serveNode()
  elsewhere = await serveNode()
  const who = ['--server', grove.url, '--agent-id', 'mcp-agent']
  const args = [main, 'mcp', ...who, '--files', at('.')]
  await agent.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }),
  )
})
after(async () => {
  await agent.close()
  await grove[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

interface Answer {
  readonly isError: boolean
  readonly value: Record<string, unknown> & { cid: string }
}

async function call(name: string, given: Record<string, unknown> = {}): Promise<Answer> {
  const { content, isError } = (await agent.callTool({ name, arguments: given })) as unknown as {
    content: [{ text: string }]
    isError?: boolean
  }
  return { isError: isError === true, value: JSON.parse(content[0].text) }
}

async function answerOf(name: string, given: Record<string, unknown> = {}) {
  const { isError, value } = await call(name, given)
  assert.equal(isError, false, JSON.stringify(value))
  return value
}

const score = (value: number) => ({ loss: { value, direction: 'minimize' } })

test('files go by paths of any characters', async () => {
  await writeFile(at('any.txt'), 'any')
  const files = { '__init__.py': at('any.txt'), '学习/[id].txt': at('any.txt') }

  const { cid, artifacts } = await answerOf('grove_submit_work', { summary: 'any names', files })
  const listed = await answerOf('grove_files', { cid })

  assert.deepEqual(Object.keys(artifacts as object), [
    'x-u--u5b66.4e60-/-u5b-id-u5d-.txt',
    'x-u-__init__.py',
  ])
  assert.deepEqual(
    (listed.files as { path: string }[]).map(({ path }) => path),
    ['学习/[id].txt', '__init__.py'],
  )
  const folder = await call('grove_submit_work', { summary: 'a folder', files: { a: at('.') } })
  assert.match(JSON.stringify(folder), /usage-error/)
})

test('the tools have the names of Grove 0.1, and each describes its input', async () => {
  const { tools } = await agent.listTools()

  const names = tools.map((tool) => tool.name).toSorted()
  assert.deepEqual(names, [
    'grove_adopt',
    'grove_checkout',
    'grove_diff',
    'grove_discuss',
    'grove_evidence',
    'grove_federated_frontier',
    'grove_fetch',
    'grove_files',
    'grove_frontier',
    'grove_log',
    'grove_peers',
    'grove_reproduce',
    'grove_search',
    'grove_show',
    'grove_status',
    'grove_submit_review',
    'grove_submit_work',
    'grove_sync',
    'grove_thread',
    'grove_threads',
    'grove_tree',
  ])
  assert.ok(
    tools.every((tool) => tool.inputSchema.type === 'object' && (tool.description ?? '') !== ''),
  )
})

test('an agent publishes, finds, checks out and builds on work, and others review it', async () => {
  const path = at('train.py')
  await writeFile(path, 'print("hello")\n')

  const { cid } = await answerOf('grove_submit_work', {
    summary: 'baseline',
    files: { 'src/train.py': path },
    scores: score(0.9),
    tags: ['lm'],
  })
  const checkedOut = await answerOf('grove_checkout', {
    cid: cid.slice(0, 20),
    directory: at('out'),
  })
  const relations = [{ targetCid: cid, relationType: 'derives_from' }]
  const child = await answerOf('grove_submit_work', {
    summary: 'better',
    scores: score(0.8),
    relations,
  })
  await answerOf('grove_submit_review', {
    targetCid: child.cid,
    summary: 'good',
    scores: { quality: { value: 1, direction: 'maximize' } },
  })
  await answerOf('grove_reproduce', {
    targetCid: child.cid,
    summary: 'came out again',
    scores: score(0.1),
  })
  await answerOf('grove_adopt', { targetCid: child.cid, summary: 'building on it' })
  const reply = await answerOf('grove_discuss', {
    targetCid: child.cid,
    summary: 'how?',
    agent: { agentId: 'someone' },
  })

  assert.equal((checkedOut.files as object[]).length, 1)
  assert.equal(await readFile(at('out/src/train.py'), 'utf8'), 'print("hello")\n')
  const frontier = await answerOf('grove_frontier', { metric: 'loss' })
  const best = (rows: unknown) => (rows as { cid: string }[])[0]?.cid
  assert.equal(best((frontier.byMetric as { loss: unknown }).loss), child.cid)
  for (const dimension of ['byReviewScore', 'byReproduction'])
    assert.equal(best(frontier[dimension]), child.cid, dimension)
  assert.deepEqual(
    (frontier.byAdoption as { value: number }[]).map((row) => row.value),
    [1, 1],
  )
  const tree = await answerOf('grove_tree', { cid: child.cid })
  assert.deepEqual(
    [(tree.children as object[]).length, (tree.ancestors as object[]).length],
    [4, 1],
  )
  assert.deepEqual((await answerOf('grove_thread', { cid: child.cid })).count, 2)
  assert.equal(best((await answerOf('grove_threads')).threads), child.cid)
  const { total, results } = await answerOf('grove_log', { limit: 2, kind: 'discussion' })
  assert.deepEqual([total, best(results)], [1, reply.cid])
  assert.equal(best((await answerOf('grove_search', { query: 'baseline' })).results), cid)
  assert.equal(
    ((await answerOf('grove_show', { cid })).agent as { agentId: string }).agentId,
    'mcp-agent',
  )
  assert.equal(
    ((await answerOf('grove_show', { cid: reply.cid })).agent as { agentId: string }).agentId,
    'someone',
  )
})

test('work of another grove is fetched from the named peer', async () => {
  const { cid } = await postJson<{ cid: string }>(
    elsewhere.url,
    '/api/contributions',
    { ...plainDraft, summary: 'far away' },
    201,
  )

  const fetched = await answerOf('grove_fetch', { cid, peer: elsewhere.url })

  assert.deepEqual(fetched.missing, [])
  assert.equal((await answerOf('grove_show', { cid })).summary, 'far away')
})

test('a failure is a result with an error code', async () => {
  await mkdir(at('a-folder'))
  const absent = `blake3:${'0'.repeat(64)}`
  const codeOf = async (name: string, given: Record<string, unknown>) => {
    const { isError, value } = await call(name, given)
    const { code, details } = value.error as { code: string; details: { reason?: string } }
    return [isError, details.reason ?? code]
  }

  assert.deepEqual(await codeOf('grove_show', { cid: absent }), [true, 'not-found'])
  assert.deepEqual(await codeOf('grove_frontier', { limit: 'many' }), [true, 'validation-error'])
  assert.deepEqual(await codeOf('grove_frontier', { metric: 'lost' }), [true, 'not-found'])
  assert.deepEqual(
    await codeOf('grove_submit_review', { targetCid: absent, summary: 'x', scores: {} }),
    [true, 'validation-error'],
  )
  assert.deepEqual(
    await codeOf('grove_submit_work', { summary: 'x', files: { a: at('absent') } }),
    [true, 'not-found'],
  )
  await writeFile(at('id_rsa'), 'x')
  for (const [path, code] of [
    [at('id_rsa'), 'refused'],
    ['/etc/hosts', 'refused'],
    [at('.'), 'usage-error'],
  ])
    assert.deepEqual(await codeOf('grove_submit_work', { summary: 'x', files: { a: path } }), [
      true,
      code,
    ])
  assert.deepEqual(
    await codeOf('grove_submit_work', { summary: 'x', files: { a: at('a-folder') } }),
    [true, 'usage-error'],
  )
  assert.deepEqual(await codeOf('grove_nothing', {}), [true, 'usage-error'])
})

test('a signal ends it, though the agent keeps its stdin open', { timeout: 30_000 }, async () => {
  await using session = await mcpSession('--server', grove.url)

  await session.kill('SIGTERM')

  assert.throws(() => process.kill(session.pid, 0), { code: 'ESRCH' })
})

test('a message that is too long ends it, which says why', { timeout: 60_000 }, async () => {
  const env = cleanEnvironment()
  const args = [main, 'mcp', '--server', grove.url]
  const server = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'pipe'] })
  // What it has not read when it ends can't be written.
  server.stdin.on('error', () => {})

  server.stdin.write('x'.repeat(11 * 1024 * 1024))
  const [said, [code]] = await Promise.all([text(server.stderr), once(server, 'exit')])

  assert.match(said, /a message may have 10485760 bytes/)
  assert.notEqual(code, 0)
})
