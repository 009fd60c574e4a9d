import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import { leafAddress } from '../../../../src/core/peers/leaf.ts'
import type { LeafCall } from '../../../../src/core/wire/leaf.ts'
import type { LeafAnswer } from '../../../../src/ports/transport.ts'
import { withCode } from '../../../support/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'

const PATIENCE_MS = 60_000
const SOON = { gossipIntervalMs: 200, syncIntervalMs: 400 }
const seedOf = (hub: TestGrove) => ({ peerId: hub.node.config.self.peerId, address: hub.url })
const holds = async ({ node }: TestGrove, cid: string) =>
  (await node.contributions.missing([cid as Cid])).length === 0
const publish = (grove: TestGrove, summary: string) =>
  localClient(grove.node).publish({
    ...plainDraft,
    summary,
    scores: { loss: { value: 1, direction: 'minimize' } },
  })

/** A leaf of a hub that answers calls of these paths otherwise than it should. */
async function liarAt(
  hub: TestGrove,
  lie: (call: LeafCall, answer: LeafAnswer) => LeafAnswer,
): Promise<TestGrove> {
  const liar = await servedGrove({ ...SOON, leaf: true })
  const { transport } = liar.node
  const calls = new Map<string, LeafCall>()
  const line = transport.line.bind(transport)
  const answerCall = transport.answerCall.bind(transport)
  async function* noted(all: AsyncIterable<LeafCall>) {
    for await (const call of all) {
      calls.set(call.id, call)
      yield call
    }
  }
  transport.line = async (...asked) => noted(await line(...asked))
  transport.answerCall = (peer, id, answer, options) => {
    const call = calls.get(id)
    return answerCall(peer, id, call === undefined ? answer : lie(call, answer), options)
  }
  const { line: invite } = await localClient(hub.node).invite({ expiresInMs: 60_000, uses: 1 })
  await localClient(liar.node).joinGrove({ invite })
  return liar
}

const recordOf = (hub: TestGrove, { node }: TestGrove) =>
  hub.node.peers.record(leafAddress(node.config.self.peerId))

test('a leaf that offers a million works is cut short, and others go on', async () => {
  await using hub = await servedGrove(SOON)
  const entry = JSON.stringify({ cid: `blake3:${'0'.repeat(64)}`, summary: 'x'.repeat(1_000) })
  let sent = 0
  async function* million() {
    yield Buffer.from('{"entries":[')
    for (; sent < 1_000_000; sent++) yield Buffer.from(`${entry},`)
  }
  await using liar = await liarAt(hub, ({ path }, answer) => {
    if (!path.startsWith('/api/federation/best')) return answer
    const { 'content-length': _, ...headers } = answer.headers
    return { ...answer, headers, body: million() }
  })
  await using honest = await servedGrove({ ...SOON, seeds: [seedOf(hub)], leaf: true })
  await until(
    'it is on its record',
    () => recordOf(hub, liar).lastError?.code === 'peer-fault',
    PATIENCE_MS,
  )

  const { cid } = await publish(honest, 'by an honest leaf')
  await until('the hub has the work of the other', () => holds(hub, cid), PATIENCE_MS)

  assert.ok(sent < 100_000, `${sent} entries were read`)
})

test('what a leaf offers and never sends keeps nothing of others from coming', async () => {
  await using hub = await servedGrove(SOON)
  let asked = 0
  async function* nothing() {
    asked += 1
    yield Buffer.from('{')
    await new Promise(() => {})
  }
  await using liar = await liarAt(hub, ({ path }, answer) =>
    path.startsWith('/api/gossip/contribution') ? { ...answer, body: nothing() } : answer,
  )
  await using honest = await servedGrove({ ...SOON, seeds: [seedOf(hub)], leaf: true })
  const { cid: offered } = await publish(liar, 'never sent')
  await until('the hub has asked for it', () => asked > 0, PATIENCE_MS)

  const { cid } = await publish(honest, 'by an honest leaf')
  await until('the hub has the work of the other', () => holds(hub, cid), PATIENCE_MS)

  assert.equal(await holds(hub, offered), false)
})

test("a hub that alters a leaf's work is found out: nothing of it is kept", async () => {
  await using hub = await servedGrove(SOON)
  const seeds = [seedOf(hub)]
  await using leaf = await servedGrove({ ...SOON, seeds, leaf: true })
  const { cid } = await publish(leaf, 'by a leaf')
  await until('the hub has it', () => holds(hub, cid), PATIENCE_MS)
  const { contributions } = hub.node
  const get = contributions.get.bind(contributions)
  contributions.get = async (asked) => {
    const held = await get(asked)
    const bytes = Buffer.from(
      Buffer.from(held?.bytes ?? [])
        .toString()
        .replace('leaf', 'hub!'),
    )
    return held && { ...held, bytes }
  }

  // From now on, so that it has not fetched the work before.
  await using other = await servedGrove({ seeds, leaf: true })
  const fetched = localClient(other.node).fetchContribution({ cid, peer: hub.url })
  await assert.rejects(fetched, withCode('fetch-bad-bytes'))

  assert.equal(await holds(other, cid), false)
  assert.equal(other.node.peers.record(hub.url).lastError?.code, 'fetch-bad-bytes')
})
