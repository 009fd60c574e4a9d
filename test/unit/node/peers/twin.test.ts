import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerAddress } from '../../../../src/core/peers/peer.ts'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { gossipAnswer } from '../../../support/gossip.ts'
import { addressOf, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()
const self = { peerId: 'self', address: addressOf('self') }

/** What a grove warns of once the peer at its seed, which answers as another, was asked. */
async function warnings(answering: PeerAddress): Promise<string[]> {
  const told: string[] = []
  await using seed = startPeer('seed', {
    misbehave: ({ path }) => gossipAnswer(answering, [], path),
  })
  const log = {
    ...silentLog,
    warn: (_: string, fields?: object) => void told.push(JSON.stringify(fields)),
  }
  await using grove = testNode([seed], {
    self,
    reachable: true,
    policy: { ...defaultPolicy, scope: 'off' },
    ports: { log },
  })
  await grove.node.start()
  await until('an exchange', () => seed.asked('exchange') >= 1)
  await until('what follows', () => grove.node.gossip.peer(addressOf('seed')) === undefined)
  return told
}

test('a grove from a copy of the directory, which has the same id, is told of', async () => {
  const [told = '', ...more] = await warnings({ ...self, address: addressOf('copy') })

  assert.match(told, /http:\/\/seed\.test has the id of this one/)
  assert.deepEqual(more, [])
})

test('a grove that reaches itself by another address has no twin', async () => {
  assert.deepEqual(await warnings(self), [])
})
