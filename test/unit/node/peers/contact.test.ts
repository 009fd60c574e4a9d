import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { federationPeers } from '../../../../src/node/read/status.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { gossipAnswer } from '../../../support/gossip.ts'
import { addressOf, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()
const gossips = { reachable: true, gossipIntervalMs: 20 }
const off = { policy: { ...defaultPolicy, scope: 'off' as const } }

interface Told {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A log, and what seeds were told of in it. */
function listening() {
  const told: Told[] = []
  const take = (message: string, fields: Told['fields'] = {}) => {
    if (message.startsWith('seed')) told.push({ message, fields })
  }
  return { told, ports: { log: { ...silentLog, info: take, warn: take } } }
}

for (const [status, body] of [
  [404, '404 Not Found'],
  [403, 'Forbidden'],
  [200, '<html></html>'],
] as const) {
  test(`a server that answers ${status} to everything is not alive, and why is shown`, async () => {
    const { told, ports } = listening()
    await using seed = startPeer('seed', {
      misbehave: () => ({ status, headers: {}, body: Buffer.from(body) }),
    })
    await using grove = testNode([seed], { ...gossips, ports })

    assert.equal(federationPeers(grove.node)[0]?.status, 'unknown')

    await grove.node.start()
    await until('rounds', () => seed.asked('exchange') >= 3)
    await grove.node.sync.round()

    const [shown] = federationPeers(grove.node)
    assert.notEqual(shown?.status, 'alive')
    assert.notEqual(shown?.record.lastError, undefined)
    assert.ok((shown?.record.trust ?? 1) < 0.5)
    const [first, ...more] = told
    assert.equal(first?.message, 'seed does not answer')
    assert.equal(first?.fields['address'], addressOf('seed'))
    assert.match(String(first?.fields['remedy']), /check the address/)
    assert.ok(more.length <= 2, 'each reason once')
  })
}

test('a seed that does not answer is told of once, and when it answers', async () => {
  const { told, ports } = listening()
  const absent = { peerId: 'late', address: addressOf('late') }
  await using grove = testNode([absent], { ...off, ...gossips, ports })
  await grove.node.start()
  await until('the warning', () => told.length > 0)

  await using _late = startPeer('late', {
    misbehave: ({ path }) => gossipAnswer(absent, [], path),
  })
  await until('an answer', () => told.length > 1)

  assert.deepEqual(
    told.map(({ message, fields }) => `${message}: ${fields['code']}`),
    ['seed does not answer: peer-unreachable', 'seed answers: undefined'],
  )
})

test('a seed that answers with another id than configured is told of, and not asked', async () => {
  const { told, ports } = listening()
  const other = { peerId: 'other', address: addressOf('seed') }
  await using seed = startPeer('seed', {
    misbehave: ({ path }) => gossipAnswer(other, [], path),
  })
  await using grove = testNode([seed], { ...off, ...gossips, ports })

  await grove.node.start()
  await until('the warning', () => told.length > 0)

  assert.match(String(told[0]?.fields['reason']), /answered as other, not as seed/)
  assert.match(String(told[0]?.fields['remedy']), /id before the @/)
  assert.equal(federationPeers(grove.node)[0]?.status, 'suspected')
  assert.deepEqual(grove.node.askable(), [])
})
