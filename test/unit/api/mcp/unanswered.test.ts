import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { UnansweredTransport } from '../../../../src/api/mcp/unanswered.ts'

test('all is answered once each request has got its answer, or was cancelled', async () => {
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const transport = new UnansweredTransport(ours)
  await transport.start()
  await transport.answered()
  for (const id of [1, 'two', 3])
    await theirs.send({ jsonrpc: '2.0', id, method: 'tools/call', params: {} })
  await theirs.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  const done: unknown[] = []
  const answered = transport.answered().then(() => done.push('all'))

  await transport.send({ jsonrpc: '2.0', id: 1, result: {} })
  const cancelled = { requestId: 'two' }
  await theirs.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: cancelled })
  await new Promise(setImmediate)
  done.push('two of three')
  await transport.send({ jsonrpc: '2.0', id: 3, error: { code: 1, message: 'no' } })
  await answered

  assert.deepEqual(done, ['two of three', 'all'])
})
