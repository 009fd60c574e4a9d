import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import { isSignedBy, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { type Origin, signOrigins } from '../../../../src/core/identity/origin.ts'
import { EarlierWork } from '../../../../src/node/identity/earlier-work.ts'
import { OriginVerifier } from '../../../../src/node/identity/origin-verifier.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { poolSignatures } from '../../../../src/runtime/signatures.ts'
import { MemoryGraph } from '../../../../src/stores/memory/graph.ts'
import { MemoryRecords } from '../../../../src/stores/memory/records.ts'
import { work } from '../../../support/peer.ts'

const key = SigningKey.fromSecret(new Uint8Array(32).fill(1))
const other = SigningKey.fromSecret(new Uint8Array(32).fill(2))
const cids = (count: number): Cid[] =>
  Array.from({ length: count }, (_, n) => hashBytes(Buffer.from(`contribution ${n}`)))

/** Verifies, with a count of what was asked. */
function counted() {
  const calls = { verified: 0 }
  const signatures = {
    async isSignedBy(...claim: Parameters<typeof isSignedBy>) {
      calls.verified += 1
      return isSignedBy(...claim)
    },
  }
  return { calls, signatures }
}

const verifierOf = (
  signatures: ReturnType<typeof counted>['signatures'],
  closing = new AbortController().signal,
) => new OriginVerifier({ signatures, closing, breathe: () => undefined })

test('the signature of a publication is verified once for all that it covers', async () => {
  const { calls, signatures } = counted()
  const verifier = verifierOf(signatures)
  const published = cids(200)
  const origins = signOrigins(key, published, 1)
  const claims = published.map((cid, n) => ({ cid, origin: origins[n] as Origin, host: 'h' }))
  const [first] = claims
  assert.ok(first && (await verifier.holds(first)))

  const hold = await Promise.all(claims.map((claim) => verifier.holds(claim)))
  const moved = { ...first, cid: published[1] as Cid }
  const forged = { ...first, origin: { ...first.origin, peerId: other.peerId } }

  assert.ok(hold.every((each) => each))
  assert.equal(calls.verified, 1)
  assert.deepEqual([await verifier.holds(moved), await verifier.holds(forged)], [false, false])
})

test('a host that brings many signatures holds up only itself', async () => {
  const { signatures } = counted()
  const verifier = verifierOf(signatures)
  const flood = cids(100)
  const order: string[] = []
  const claim = async (cid: Cid, host: string) => {
    const [origin] = signOrigins(key, [cid], 1)
    await verifier.holds({ cid, origin: origin as Origin, host })
    order.push(host)
  }

  await Promise.all([
    ...flood.map((cid) => claim(cid, 'flood')),
    ...cids(3).map((cid) => claim(cid, 'quiet')),
  ])

  assert.ok(order.lastIndexOf('quiet') < 12, order.join(' '))
})

test('a grove that closes verifies nothing more', async () => {
  const { calls, signatures } = counted()
  const verifier = verifierOf(signatures, AbortSignal.abort())
  const [cid] = cids(1) as [Cid]
  const [origin] = signOrigins(key, [cid], 1) as [Origin]

  await assert.rejects(verifier.holds({ cid, origin, host: 'h' }), { code: 'shutting-down' })
  assert.equal(calls.verified, 0)
})

test('signing of earlier work goes on where it was cut off', async () => {
  const [graph, records] = [new MemoryGraph(seeded(1)), new MemoryRecords()]
  const own = { origin: 'local', own: true, receivedAt: 1 } as const
  const items = Array.from({ length: 150 }, (_, n) => work(`earlier ${n}`))
  for (const item of items) await graph.put(item, own)
  graph.origins.signWith(key)
  const due: (() => Promise<void>)[] = []
  const start = () =>
    new EarlierWork({
      moved() {},
      origins: graph.origins,
      records,
      clock: systemClock,
      later: (_name, _delayMs, task) => void due.push(task),
    }).start()
  const signed = async () => (await graph.origins.of(items.map(({ cid }) => cid))).length

  start()
  await due.shift()?.()
  const atTheCut = await signed()
  due.length = 0
  start()
  const steps: number[] = []
  for (let task = due.shift(); task !== undefined; task = due.shift()) {
    await task()
    steps.push(await signed())
  }

  assert.equal(atTheCut, 64)
  assert.deepEqual(steps, [128, 150, 150])
})

test('the pool verifies signatures of the key, and nothing else', async () => {
  const pool = poolSignatures(key)
  const bytes = Buffer.from('said')

  const signature = key.sign('origin', bytes)

  const signed = { domain: 'origin', bytes, signature } as const
  assert.equal(await pool.isSignedBy(key.peerId, signed), true)
  assert.equal(await pool.isSignedBy(other.peerId, signed), false)
  assert.equal(await pool.isSignedBy(key.peerId, { ...signed, domain: 'origins' }), false)
  assert.equal(await pool.isSignedBy(key.peerId, { ...signed, signature: 'x' }), false)
})
