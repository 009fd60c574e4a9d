import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GossipMessage } from '../../../src/core/wire/gossip.ts'
import { work } from '../../support/peer.ts'
import { keyOf } from '../../support/signed-groves.ts'
import { hold } from '../../support/test-node.ts'
import { virtualWorld } from '../../support/world.ts'

const { testNode, until } = virtualWorld()

/** What a message may take that has nothing new to tell. */
const IDLE_MAX_BYTES = 300

const item = work('the best', { scores: { loss: { value: 1, direction: 'minimize' } } })

/** A grove with a key at an IP address, which holds the item. */
async function grove(n: number) {
  const { peerId } = keyOf(n)
  const grove = testNode([], { self: { peerId, address: `http://10.0.0.1${n}:4515` } })
  await hold(grove, item)
  grove.node.moved(['loss'])
  return grove
}

test('groves that know each other’s best exchange messages of 300 bytes at most', async () => {
  await using one = await grove(1)
  await using other = await grove(2)
  const said: GossipMessage[] = []
  const ask = (of: typeof one, message: GossipMessage) => {
    const answer = of.node.exchange(message, new URL(message.address).hostname)
    said.push(answer)
    return answer
  }
  const hello: GossipMessage = {
    ...other.node.config.self,
    ...{ frontier: [], load: { queueDepth: 0 }, capabilities: { federation: 2 } },
    timestamp: '2026-01-01T00:00:00.000Z',
    digest: { fingerprint: '0' },
  }
  await until('both have ranked it', () =>
    [one, other].every(({ node }) => node.exchange(hello).frontier.length > 0),
  )

  for (let turn = 0, last = hello; turn < 4; turn++) last = ask(other, ask(one, last))

  const idle = said.slice(-2)
  for (const message of idle) {
    assert.deepEqual(message.frontier, [])
    const bytes = Buffer.byteLength(JSON.stringify(message))
    assert.ok(bytes <= IDLE_MAX_BYTES, `${bytes} bytes: ${JSON.stringify(message)}`)
  }
})
