import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { z } from 'zod'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { parseArguments } from '../../../../src/api/mcp/arguments.ts'
import { exactLines } from '../../../../src/api/mcp/exact-lines.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import { jsonObjectSchema } from '../../../../src/core/contribution/schema.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { withCode } from '../../../support/errors.ts'
import { testNode } from '../../../support/test-node.ts'
import { until } from '../../../support/until.ts'

const schema = z.strictObject({
  text: z.string().optional(),
  tags: z.array(z.string()).default([]),
  limit: z.int().optional(),
  insist: z.boolean().default(false),
  mode: z.enum(['a', 'b']).default('a'),
  context: jsonObjectSchema.optional(),
  scores: z.record(z.string(), z.object({ value: z.number() })).optional(),
})

test('lists, objects, numbers and booleans are taken as JSON in a string too, at any depth', () => {
  const sent = {
    text: '["text stays text"]',
    tags: '["a","b"]',
    limit: '5',
    insist: 'true',
    context: '{"lr":0.1}',
    scores: '{"loss":{"value":"0.5"}}',
  }

  assert.deepEqual(parseArguments(schema, sent), {
    text: '["text stays text"]',
    tags: ['a', 'b'],
    limit: 5,
    insist: true,
    mode: 'a',
    context: { lr: 0.1 },
    scores: { loss: { value: 0.5 } },
  })
})

test('null leaves a member out', () => {
  const sent = { text: null, tags: null, limit: null, mode: null, context: null, scores: null }

  assert.deepEqual(parseArguments(schema, sent), { tags: [], insist: false, mode: 'a' })
})

test('what is still wrong is refused: other types, and numbers that would change', () => {
  for (const sent of [
    { limit: 'many' },
    { limit: '5.5' },
    { tags: '{"a":1}' },
    { tags: ['a', null] },
    { scores: { loss: { value: null } } },
    { context: '[]' },
    { context: '{"seed":6687881544318117707}' },
    { limits: 5 },
    '{}',
  ])
    assert.throws(() => parseArguments(schema, sent), withCode('validation-error'))
})

test('the schema of no tool has a reference, which many hosts can’t follow', async () => {
  await using holder = testNode()
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const grove = localClient(holder.node)
  await serveMcp({ grove, agent: { agentId: 'a' }, log: silentLog, files: { roots: [] } }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)

  const { tools } = await client.listTools()

  assert.doesNotMatch(JSON.stringify(tools), /\$ref|\$defs/)
  await client.close()
})

test('a request that is none of JSON-RPC 2.0 is answered, since its sender waits', async () => {
  const stdout = new PassThrough()
  const stdin = exactLines(stdout)
  const sent = [
    { id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: [] },
    [
      { jsonrpc: '2.0', id: 'three', method: 'ping' },
      { jsonrpc: '2.0', id: 4, method: 'ping' },
    ],
    { jsonrpc: '2.0', id: null, method: 'ping' },
    42,
    { jsonrpc: '2.0', id: 5, error: 'an answer of the wrong form gets none' },
    { jsonrpc: '2.0', id: 6, method: 'ping' },
  ]

  stdin.end(sent.map((message) => `${JSON.stringify(message)}\n`).join(''))
  const passed = String(Buffer.concat(await stdin.toArray()))

  const answers = String(stdout.read())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: unknown; error: { code: number } })
  assert.deepEqual(
    answers.map(({ id }) => id),
    [1, 2, 'three', 4, null, null],
  )
  assert.ok(answers.every(({ error }) => error.code === -32_600))
  assert.deepEqual(JSON.parse(passed), sent.at(-1))
})

test('while answers are not read, no more messages are', async () => {
  const stdout = new PassThrough({ highWaterMark: 1 })
  const stdin = exactLines(stdout)
  const read: string[] = []
  stdin.on('data', (line: Buffer) => read.push(String(line)))
  const ping = (id: number) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n`
  stdout.write('an answer')

  stdin.write(ping(1))
  stdin.write(ping(2))
  await until('the first', () => read.length > 0)
  assert.deepEqual([read, stdin.writableLength > 0], [[ping(1)], true])

  stdout.resume()
  await until('the second', () => read.length === 2)
})
