import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../../../../src/api/operations/table.ts'
import type { KeyId } from '../../../../src/core/identity/ed25519.ts'
import { setStanding } from '../../../../src/node/access/set-standing.ts'
import { Standings } from '../../../../src/node/access/standings.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { withCode } from '../../../support/errors.ts'
import { standingClock } from '../../../support/standing-clock.ts'
import { testNode } from '../../../support/test-node.ts'

const KEY = `ed25519:${'a'.repeat(64)}` as KeyId
const OTHER_KEY = `ed25519:${'b'.repeat(64)}` as KeyId
const ADDRESS = 'http://10.0.0.7:4515'

test('a standing holds until its end, over restarts, and is taken back', async () => {
  const { clock, move } = standingClock()
  const { records } = memoryStores(seeded(1))
  const ports = { records, clock, secret: secretHex }
  const standings = new Standings(ports)
  await standings.say(KEY, { standing: 'trusted' })
  await standings.say(ADDRESS, { standing: 'blocked', reason: 'lies', forMs: 1_000 })
  const reopened = new Standings(ports)
  await reopened.load()

  assert.equal(reopened.of(KEY), 'trusted')
  assert.ok(reopened.blocks({ peerId: 'x', address: `${ADDRESS}/` }))
  assert.deepEqual(
    reopened.list().map(({ peer, reason }) => [peer, reason]),
    [
      [KEY, undefined],
      [ADDRESS, 'lies'],
    ],
  )
  move(1_000)
  assert.equal(reopened.blocks({ peerId: 'x', address: ADDRESS }), false)
  assert.equal(reopened.list().length, 1)
  await reopened.say(KEY, { standing: 'none' })
  assert.equal(reopened.of(KEY), undefined)
})

test('an address without a key can be blocked and not trusted; one that is known goes by its key', async () => {
  const seeds = [{ peerId: KEY, address: ADDRESS }]
  await using grove = testNode(seeds, { reachable: true })
  const { node } = grove
  const elsewhere = { peer: '10.0.0.8:4515' }

  await assert.rejects(
    setStanding(node, { ...elsewhere, standing: 'trusted' }),
    withCode('usage-error', 'no key is known'),
  )
  assert.equal(
    await setStanding(node, { ...elsewhere, standing: 'blocked' }),
    'http://10.0.0.8:4515',
  )
  assert.equal(await setStanding(node, { peer: ADDRESS, standing: 'trusted' }), KEY)
  assert.equal(await setStanding(node, { peer: KEY, standing: 'none' }), KEY)
  assert.equal(node.access.standings.of(KEY), undefined)
})

test('what names no grove is neither blocked nor taken back, and nor is this grove itself', async () => {
  await using grove = testNode([{ peerId: KEY, address: ADDRESS }], { reachable: true })
  const { node } = grove
  const { peerId: own } = node.config.self
  const say = (peer: string, standing: 'trusted' | 'blocked' | 'none') =>
    setStanding(node, { peer, standing })

  for (const typo of ['foo', 'ed25519:12', 'ed25519:00f0cce8', `${KEY}0`, '10.0.0.7'])
    await assert.rejects(say(typo, 'blocked'), withCode('usage-error'), typo)
  for (const self of [own, node.config.self.address])
    for (const standing of ['trusted', 'blocked'] as const)
      await assert.rejects(say(self, standing), withCode('usage-error', 'this grove itself'))
  await assert.rejects(say(OTHER_KEY, 'none'), withCode('not-found', 'neither trusted nor blocked'))
  assert.deepEqual(node.access.standings.list(), [])
})

test('a shortened id blocks the one grove that is known by it, and trusts none', async () => {
  await using grove = testNode([{ peerId: KEY, address: ADDRESS }], { reachable: true })
  const { node } = grove
  const peer = KEY.slice(0, 16)
  const twin = `${peer}${'c'.repeat(56)}`

  await assert.rejects(setStanding(node, { peer, standing: 'trusted' }), withCode('usage-error'))
  assert.equal(await setStanding(node, { peer, standing: 'blocked' }), KEY)
  assert.equal(await setStanding(node, { peer, standing: 'none' }), KEY)

  await setStanding(node, { peer: twin, standing: 'blocked' })
  await assert.rejects(
    setStanding(node, { peer, standing: 'blocked' }),
    withCode('usage-error', 'begins 2 ids'),
  )
})

test('a message is in the name of the key that signed it, or in that of its address', async () => {
  await using grove = testNode([], { reachable: true })
  const sender = { peerId: KEY, address: ADDRESS, age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }
  const told = (by?: KeyId) =>
    operations.shuffle.run(
      grove.node,
      { sender, offered: [] },
      { signal: new AbortController().signal, remote: '10.0.0.7', ...(by && { by }) },
    )

  await assert.rejects(told(OTHER_KEY), withCode('forbidden', 'signed by'))
  await told()
  const unsigned = grove.node.gossip.peer(ADDRESS)?.peerId
  await told(KEY)

  assert.equal(unsigned, ADDRESS)
})

test('a message in the name of a blocked grove is refused', async () => {
  await using grove = testNode()
  const sender = { peerId: KEY, address: ADDRESS, age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }
  const context = { signal: new AbortController().signal }
  await setStanding(grove.node, { peer: KEY, standing: 'blocked' })

  const asked = operations.shuffle.run(grove.node, { sender, offered: [] }, context)

  await assert.rejects(asked, withCode('forbidden'))
})
