import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import type { Advertisement } from '../../../../src/core/ranking/advertisement.ts'
import { Round } from '../../../../src/node/sync/round.ts'
import { RoundBudget } from '../../../../src/node/sync/round-budget.ts'
import { AnnouncedWork, SyncState } from '../../../../src/node/sync/sync-state.ts'
import { work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

const said = (host: string, n: number): Advertisement => ({
  from: { peerId: host, address: `http://${host}:${n}` },
  cid: work('item').cid,
  metric: 'loss',
  direction: 'minimize',
  value: n,
})
const hostOf = (address: string) => new URL(address).hostname

test('of too many announcements that wait, the host with most loses its last', () => {
  const announced = new AnnouncedWork(1, hostOf)
  const flood = Array.from({ length: 5_000 }, (_, n) => said('flood', n + 1))
  const news = [1, 2].map((port) => said('quiet', port))

  assert.equal(announced.note(flood), true)
  assert.equal(announced.note(news), false)

  const taken = announced.take()
  assert.equal(taken.length, 4_096)
  assert.deepEqual(
    taken.filter(({ from }) => from.peerId === 'quiet'),
    news,
  )
  assert.deepEqual(announced.take(), [])
})

test('to have what its own work names proves nothing of a host', async () => {
  const parents = [1, 2, 3, 4].map((n) => work(`parent ${n}`))
  await using peer = startPeer('peer', { contributions: parents })
  await using grove = testNode([peer])
  const { node } = grove
  for (const { cid } of parents) await node.stubs.putStub(cid, ['peer'], node.clock.now())
  const state = new SyncState(hostOf, () => false)
  const budget = new RoundBudget(defaultPolicy, state)
  const { advertisements, closing: signal } = node
  const round = new Round({ node, state, advertisements, budget, signal })

  await round.retryStubs()

  assert.deepEqual(await node.contributions.missing(parents.map(({ cid }) => cid)), [])
  assert.equal(state.credit.isProven(hostOf(peer.address)), false)
})
