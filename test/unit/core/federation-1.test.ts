import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageFor } from '../../../src/core/wire/federation-1.ts'
import { type GossipMessage, gossipMessageSchema } from '../../../src/core/wire/gossip.ts'

const message: GossipMessage = {
  peerId: 'a',
  address: 'http://10.0.0.1:4515',
  frontier: [],
  load: { queueDepth: 0 },
  capabilities: { federation: 2 },
  timestamp: '2026-01-01T00:00:00.000Z',
  digest: { fingerprint: 'f1', seen: 'f2', ihave: ['a1'], iwant: ['b1'] },
}

test('a peer of federation 1, or of an unknown version, gets a note in its names', () => {
  const expected = { print: 'f1', seen: 'f2', news: ['a1'], wants: ['b1'] }
  assert.deepEqual(messageFor(1, message).digest, expected)
  assert.deepEqual(messageFor(undefined, message).digest, expected)
})

test("a peer of federation 2 gets a note in today's names", () => {
  assert.equal(messageFor(2, message), message)
})

test("a note in the names of federation 1 is read in today's names", () => {
  assert.deepEqual(gossipMessageSchema.parse(messageFor(1, message)), message)
})

test('a message without a note, as 0.1 sends it, is left unchanged', () => {
  const { digest: _, ...plain }: GossipMessage = message
  assert.equal(messageFor<GossipMessage>(undefined, plain), plain)
  assert.deepEqual(gossipMessageSchema.parse(plain), plain)
})

test('capabilities of an unknown form are left out, and the message is read', () => {
  const later = { federation: 3, hashes: ['sha256'], limits: { a: 1 }, [`${'n'.repeat(65)}`]: 1 }

  const { capabilities } = gossipMessageSchema.parse({ ...message, capabilities: later })

  assert.deepEqual(capabilities, { federation: 3 })
  assert.throws(() => gossipMessageSchema.parse({ ...message, capabilities: [] }))
})
