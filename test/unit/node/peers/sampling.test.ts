import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Rotation, rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { groveInfo } from '../../../../src/node/read/status.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { until } from '../../../support/until.ts'
import { addressAt, Internet, provingGrove, seedsAt } from './proving.ts'

test('groves that sign come to know each other through a seed, with their records', async () => {
  const internet = new Internet()
  await using a = await provingGrove(internet, { n: 1 })
  await using b = await provingGrove(internet, { n: 2, seeds: seedsAt(1) })
  await using c = await provingGrove(internet, { n: 3, seeds: seedsAt(1) })

  await until(
    'B and C know each other',
    () => b.knows().includes(c.self.peerId) && c.knows().includes(b.self.peerId),
  )
  await until('B holds the record of C', () => b.node.nodeRecords.seqOf(c.self.peerId) > 0)

  assert.equal(b.node.nodeRecords.seqOf(c.self.peerId), c.node.nodeRecords.own?.seq)
  assert.ok(b.node.gossip.peer(c.self.peerId)?.active)
  assert.equal((await groveInfo(a.node)).gossip.proven, 2)
})

test('a grove that starts again without a seed finds those that it had proven', async () => {
  const internet = new Internet()
  await using a = await provingGrove(internet, { n: 1 })
  const before = await provingGrove(internet, { n: 2, seeds: seedsAt(1) })
  await until('B knows A', () => before.knows().includes(a.self.peerId))
  await before[Symbol.asyncDispose]()

  await using b = await provingGrove(internet, { n: 2, stores: before.stores })

  await until('B knows A again', () => b.knows().includes(a.self.peerId))
})

test('two groves with one key are both told of each other, and each keeps its other peers', async () => {
  const internet = new Internet()
  await using hub = await provingGrove(internet, { n: 1 })
  await using b = await provingGrove(internet, { n: 2, seeds: seedsAt(1) })
  await using copy = await provingGrove(internet, { n: 3, key: b.key, seeds: seedsAt(1) })
  const isTold = ({ warned }: typeof b, of: string) =>
    warned.some((text) => text.includes('has the id of this one') && text.includes(of))

  await until('B is told', () => isTold(b, addressAt(3)), 30_000)
  await until('the copy is told', () => isTold(copy, addressAt(2)), 30_000)

  await until(
    'both know the hub',
    () => b.knows().includes(hub.self.peerId) && copy.knows().includes(hub.self.peerId),
  )
})

test('a key that was given up is not let in again, wherever it answers', async () => {
  const internet = new Internet()
  const [old, next] = [keyOf(4), keyOf(5)]
  await using a = await provingGrove(internet, { n: 1 })
  const before = await provingGrove(internet, { n: 4, key: old, seeds: seedsAt(1) })
  await until('A knows the old key', () => a.knows().includes(old.peerId))
  await before[Symbol.asyncDispose]()
  const rotations: Rotation[] = [rotate(old, next, timestamp(1_700_000_000_000))]

  await using _rotated = await provingGrove(internet, { n: 4, key: next, former: { rotations } })
  await until('A knows the new key', () => a.knows().includes(next.peerId))
  await until('A knows that the old one is no more', () => a.node.nodeRecords.isRetired(old.peerId))
  await using _thief = await provingGrove(internet, { n: 6, key: old, seeds: seedsAt(1) })
  await until('the thief knows A', () => _thief.knows().includes(a.self.peerId))

  assert.deepEqual(a.knows(), [next.peerId])
})
