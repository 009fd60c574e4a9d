import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallWatch } from '../../sim/checkers/calls.ts'
import { ClockWatch } from '../../sim/checkers/clocks.ts'
import {
  intrusions,
  misplacedKeys,
  unrecorded,
  unsignedWork,
  wrongOrigins,
} from '../../sim/checkers/identity.ts'
import { RecordWatch } from '../../sim/checkers/keys/records.ts'
import { unpassed } from '../../sim/checkers/keys/rotations.ts'
import { linesAmiss } from '../../sim/checkers/leaves.ts'
import { listsAmiss, uninvited } from '../../sim/checkers/members.ts'
import { Keys } from '../../sim/engine/keys.ts'
import { Rng } from '../../sim/engine/rng.ts'
import { Timeline } from '../../sim/engine/timeline.ts'
import { readScenario } from '../../sim/files.ts'
import { Disk } from '../../sim/machine/disk.ts'
import { run } from '../../sim/run/run.ts'
import { REAL_KEYS_IN } from '../../sim/run/world.ts'
import { diskSchema } from '../../sim/scenario/conditions.ts'
import type { Mode } from '../../sim/scenario/scenario.ts'
import type { JsonObject } from '../../src/core/canonical.ts'
import { sealDraft } from '../../src/core/contribution/contribution.ts'
import { NODE_RECORD_LIFETIME_MS, signNodeRecord } from '../../src/core/identity/node-record.ts'
import { isOriginOf, signOrigins } from '../../src/core/identity/origin.ts'
import { leafAddress } from '../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { GroveNode } from '../../src/node/node.ts'
import { signRequest } from '../../src/signing/http-signature.ts'

const NOW = Date.UTC(2026, 0, 1)
const WRONG_ADDRESS = 'http://10.6.0.1:4515'
const here = { origin: 'local', receivedAt: NOW } as const
const there = { origin: 'peer', receivedAt: NOW, address: WRONG_ADDRESS } as const

/** Who has joined a grove, and the list that it follows, if it has joined another. */
interface Listed {
  readonly joined?: readonly string[]
  readonly followed?: readonly string[]
}

const keysOf = (isReal = false) => new Keys(new Rng(1), { isReal })

function holder(keys: Keys) {
  const conditions = diskSchema.parse({})
  const timeline = new Timeline(NOW)
  const unheard = { crash() {}, fault() {}, violated() {} }
  const disk = new Disk({ timeline, rng: new Rng(1), conditions, ...unheard })
  return { name: 'g', key: keys.of('g'), disk }
}

const work = (summary: string) =>
  sealDraft({ kind: 'work', mode: 'evaluation', summary, agent: { agentId: 'a' } }, NOW)

test('an origin that its key has not signed is noticed, by real keys and by stand-ins', async () => {
  for (const isReal of [false, true]) {
    const keys = keysOf(isReal)
    const grove = holder(keys)
    const [right, wrong] = [work('right'), work('wrong')]
    const [origin] = signOrigins(keys.of('other'), [right.cid], NOW)
    assert.ok(origin)
    await grove.disk.graph.put(right, there, { origins: [origin] })
    await grove.disk.graph.put(wrong, there, { origins: [origin] })

    const found = await wrongOrigins(grove, keys)

    assert.equal(isOriginOf(right.cid, origin), isReal)
    assert.equal(found.length, 1)
    assert.match(found.join(), new RegExp(wrong.cid))
  }
})

test("published work without its grove's own origin is noticed", async () => {
  const keys = keysOf()
  const grove = holder(keys)
  const [signed, unsigned] = [work('signed'), work('unsigned')]
  await grove.disk.graph.put(unsigned, here)
  grove.disk.graph.origins.signWith(grove.key)
  await grove.disk.graph.put(signed, here)

  const found = await unsignedWork(grove)

  assert.equal(found.length, 1)
  assert.match(found.join(), new RegExp(unsigned.cid))
})

test('the sender of a wrong origin that is not on record is noticed', async () => {
  const grove = holder(keysOf())
  const stored = work('stored')
  await grove.disk.graph.put(stored, there)
  const sent = new Set([`${WRONG_ADDRESS} ${stored.cid}`])
  const noting = (...faults: string[]) => ({ ...grove, faultsOf: () => new Set(faults) })

  assert.equal((await unrecorded(noting('cut-off'), sent)).length, 1)
  assert.equal((await unrecorded(noting('wrong-origin'), sent)).length, 0)
})

test('what is stored or heard of somebody who was not admitted is noticed', async () => {
  const grove = holder(keysOf())
  const stored = work('stored')
  await grove.disk.graph.put(stored, there)
  const peers = () => [{ peerId: 'x', address: WRONG_ADDRESS }]
  const unwanted = { addresses: new Set([WRONG_ADDRESS]), cids: new Set([stored.cid]) }

  const found = await intrusions(grove, { peers } as unknown as GroveNode['gossip'], unwanted)

  assert.match(found.join(), /holds .*has heard /)
})

test("an active peer under another grove's key is noticed", () => {
  const keys = keysOf()
  const victim = { peerId: keys.of('victim').peerId, address: 'http://10.0.0.2:4515' }
  const peers = () => [{ ...victim, address: WRONG_ADDRESS, active: true }]
  const node = { config: { self: { peerId: 'g' } }, gossip: { peers } }

  const found = misplacedKeys(node as unknown as GroveNode, [victim])

  assert.equal(found.length, 1)
})

test('a copied key may be at the addresses of the groves that have it, and nowhere else', async () => {
  const keys = keysOf()
  const { peerId } = keys.of('copied')
  const places = ['http://10.0.0.2:4515', 'http://10.0.0.3:4515'].map((address) => ({
    ...{ peerId, address },
  }))
  const knownAt = (address: string) => {
    const gossip = { peers: () => [{ peerId, address, active: true }] }
    return misplacedKeys({ config: { self: { peerId: 'g' } }, gossip } as never, places)
  }
  const watch = new RecordWatch(places)
  const keptAt = async (address: string) => {
    const grove = { ...holder(keys), clock: { now: () => NOW } }
    await grove.disk.records.set('proven-peers', peerId, { address })
    return watch.wrong(grove)
  }

  for (const { address } of places) {
    assert.deepEqual(knownAt(address), [])
    assert.deepEqual(await keptAt(address), [])
  }
  assert.equal(knownAt(WRONG_ADDRESS).length, 1)
  assert.equal((await keptAt(WRONG_ADDRESS)).length, 1)
})

test('a changed key that is not known as one grove with the key before is noticed', () => {
  const [from, to] = ['old', 'new'].map((name) => keysOf().of(name).peerId)
  assert.ok(from && to)
  const grove = (name: string, knows: boolean, active: string, standing?: string) => ({
    ...{ name },
    node: {
      gossip: { peers: () => [{ peerId: active, active: true }] },
      access: {
        rotations: { presentOf: () => (knows ? to : from) },
        keys: { of: () => standing, isRetired: () => knows },
      },
    } as unknown as GroveNode,
  })

  assert.deepEqual(unpassed([grove('a', true, to, 'trusted')], [{ from, to }]), [])
  assert.match(unpassed([grove('a', false, to, 'trusted')], [{ from, to }]).join(), /not know/)
  assert.match(unpassed([grove('a', true, to)], [{ from, to }]).join(), /makes nothing of/)
  assert.match(unpassed([grove('a', true, from, 'own')], [{ from, to }]).join(), /active peer/)
})

test('after a change of key a grove may be kept by both keys, each at its address', async () => {
  const keys = keysOf()
  const [old, next] = [keys.of('old').peerId, keys.of('new').peerId]
  const address = 'http://10.0.0.2:4515'
  const watch = new RecordWatch([{ peerId: old, address }])
  const keptAs = async (peerId: string, at: string) => {
    const grove = { ...holder(keys), clock: { now: () => NOW } }
    await grove.disk.records.set('proven-peers', peerId, { address: at })
    return watch.wrong(grove)
  }

  assert.equal((await keptAs(next, address)).length, 1)
  watch.rotated({ from: old, to: next })

  assert.deepEqual(await keptAs(next, address), [])
  assert.deepEqual(await keptAs(old, address), [])
  assert.equal((await keptAs(next, WRONG_ADDRESS)).length, 1)
  assert.equal((await keptAs(keys.of('other').peerId, address)).length, 1)
})

test('a copied disk has all that the first one held, and nothing that is its own', async () => {
  const keys = keysOf()
  const [{ disk }, copy] = [holder(keys), holder(keys)]
  const published = work('published')
  disk.graph.origins.signWith(keys.of('g'))
  await disk.graph.put(published, { ...here, own: true })
  await disk.records.set('standing', 'k', { standing: 'blocked' })

  await copy.disk.copy(disk)

  const [stored] = await copy.disk.graph.getMany([published.cid])
  assert.deepEqual(stored?.provenance, here)
  const origins = await disk.graph.origins.of([published.cid])
  assert.equal(origins.length, 1)
  assert.deepEqual(await copy.disk.graph.origins.of([published.cid]), origins)
  assert.deepEqual(await copy.disk.records.get('standing', 'k'), { standing: 'blocked' })
})

test('node records that a grove must not keep are noticed', async () => {
  const keys = keysOf()
  const [own, other] = [keys.of('own'), keys.of('other')]
  const honest = { peerId: own.peerId, address: 'http://10.0.0.2:4515' }
  const facts = { addresses: [honest.address], capabilities: {}, lastSeq: undefined }
  const good = signNodeRecord(own, facts, NOW)
  const watch = new RecordWatch([honest])
  const wrongIn = async (peerId: string, kept: object) => {
    const grove = { ...holder(keys), clock: { now: () => NOW } }
    await grove.disk.records.set('proven-peers', peerId, kept as JsonObject)
    return (await watch.wrong(grove)).join()
  }
  const { address } = honest
  const elsewhere = { ...facts, addresses: [WRONG_ADDRESS] }

  assert.equal(await wrongIn(own.peerId, { address, record: good }), '')
  assert.match(await wrongIn(own.peerId, { address: WRONG_ADDRESS }), /keeps .* as that of/)
  assert.match(await wrongIn(other.peerId, { address }), /keeps .* as that of/)
  const forged = { ...good, capabilities: { federation: 9 } }
  assert.match(await wrongIn(own.peerId, { address, record: forged }), /that is forged/)
  const expired = signNodeRecord(own, facts, NOW - 2 * NODE_RECORD_LIFETIME_MS)
  assert.match(await wrongIn(own.peerId, { address, record: expired }), /that is expired/)
  const early = signNodeRecord(own, facts, NOW + NODE_RECORD_LIFETIME_MS)
  assert.match(await wrongIn(own.peerId, { address, record: early }), /that is future/)
  const theirs = signNodeRecord(other, facts, NOW)
  assert.match(await wrongIn(own.peerId, { address, record: theirs }), /keeps a record of .* for/)
  const moved = signNodeRecord(own, elsewhere, NOW)
  assert.match(await wrongIn(own.peerId, { address, record: moved }), /without its address/)
  const older = signNodeRecord(own, facts, NOW - 1)
  assert.match(await wrongIn(own.peerId, { address, record: older }), /older record/)
  assert.match(await wrongIn(own.peerId, { address: '', isRetired: true }), /given up/)
})

test('members that nobody invited, and lists that differ from their hub, are noticed', () => {
  const grove = (name: string, { joined = [], followed }: Listed = {}) => ({
    ...{ name, peer: { peerId: name } },
    node: {
      access: { roster: { joined: () => joined.map((peerId) => ({ peerId, since: NOW })) } },
      hubs: {
        list: () => (followed ? [{ peerId: 'hub', isMember: true, members: followed }] : []),
      },
    } as unknown as GroveNode,
  })
  const hub = grove('hub', { joined: ['a', 'b'] })
  const a = grove('a', { followed: ['hub', 'a', 'b'] })
  const b = grove('b', { followed: ['hub', 'a', 'b'] })

  assert.deepEqual(uninvited([hub, a, b], new Set(['a', 'b'])), [])
  assert.match(uninvited([hub, a, b], new Set(['a'])).join(), /hub has b as a member/)
  assert.deepEqual(listsAmiss([hub, a, b]), [])
  assert.match(listsAmiss([hub, a, grove('b')]).join(), /b is no member of hub/)
  const late = grove('b', { followed: ['hub', 'b'] })
  assert.match(listsAmiss([hub, a, late]).join(), /b has another list .*: a/)
})

test('a leaf without a line, or that does not know what it is, is noticed', () => {
  const { peerId } = keysOf().of('leaf')
  const hub = { peerId: 'hub', address: 'http://10.0.0.1:4515' }
  const leaf = (isLeaf: boolean, hubs: readonly PeerAddress[]) => ({
    ...{ name: 'leaf', isLeaf: true, key: { peerId } },
    node: { leaf: { isLeaf, hubs: () => [...hubs] }, transport: {} },
  })
  const at = (address: string) => ({
    ...{ name: 'hub', isLeaf: false, key: undefined },
    node: {
      leaf: { isLeaf: false, hubs: () => [] },
      transport: { leaves: { connected: () => [{ peerId, address }] } },
    },
  })
  const right = at(leafAddress(peerId))

  assert.deepEqual(linesAmiss([right, leaf(true, [hub])]), [])
  assert.match(linesAmiss([right, leaf(true, [])]).join(), /no line/)
  assert.match(linesAmiss([right, leaf(false, [hub])]).join(), /does not know/)
  assert.match(linesAmiss([at(WRONG_ADDRESS), leaf(true, [hub])]).join(), /calls .* at/)
  const nobody = { ...right, node: { ...right.node, transport: {} } }
  assert.match(linesAmiss([nobody, leaf(true, [hub])]).join(), /no line/)
})

test('a signature that is taken twice, or for what it does not cover, is noticed', () => {
  const found: string[] = []
  const watch = new CallWatch((what) => found.push(what))
  const call = { origin: 'http://10.0.0.1:4515', method: 'POST', path: '/a', body: '{}' } as const
  const headers = { signature: 's' }
  watch.sent({ ...call, headers })
  const received = { ...call, headers, from: 'x', remote: '10.0.0.2' }

  watch.taken('g0', 's')
  watch.answered('g0', call.origin, 200, received)
  assert.deepEqual(found, [])
  watch.answered('g0', call.origin, 200, { ...received, body: '[]' })
  watch.answered('g1', 'http://10.0.0.3:4515', 200, received)
  watch.taken('g1', 's')

  assert.equal(found.length, 3)
})

test('a clock that is off, for which a call was refused, and that nobody is told of is noticed', async () => {
  const key = keysOf(true).of('caller')
  const receiver = keysOf().of('receiver').peerId
  const call = { method: 'GET', target: 'http://10.0.0.2:4515/a', to: receiver }
  const signed = await signRequest(key, call, { created: NOW / 1_000, nonce: '0'.repeat(32) })
  const watch = new ClockWatch()
  const refuse = (address: string, reason: string, offMs: number) =>
    watch.answered(
      'g0',
      address,
      {
        method: 'GET',
        path: '/a',
        headers: { ...signed },
        body: '',
        from: 'g0',
        remote: '10.0.0.1',
      },
      {
        ...{ status: 401, body: new Uint8Array() },
        headers: { 'grove-challenge': `${receiver} ${NOW + offMs} ${reason}` },
      },
    )

  refuse('http://held-up', 'time', 60_000)
  refuse('http://renamed', 'receiver', 3_600_000)
  refuse('http://told', 'time', -3_600_000)
  refuse('http://untold', 'time', 3_600_000)
  watch.told('g0', 'http://told')

  const found = watch.untold([{ name: 'g0' }])
  assert.deepEqual(found, ['g0 has not said that the clock at http://untold is off'])
  assert.deepEqual(watch.untold([{ name: 'g1' }]), [])
})

/** Each mode with the seed in which, once, groves did not hear each other after a clock was set. */
const SEEDS: readonly (readonly [Mode, number])[] = [
  ['open', 25],
  ['signed', 51],
  ['members', 26],
]
for (const [mode, seed] of SEEDS)
  test(`groves whose clocks are hours off agree, and say so, in the mode ${mode}`, async () => {
    const scenario = readScenario('wrong-clocks')

    const { violations, transcript } = await run(
      { ...scenario, groves: { ...scenario.groves, modes: [mode] } },
      seed,
      { explain: true },
    )

    assert.deepEqual(violations, [])
    assert.ok(transcript.some((line) => /warns that the clock at .* is off/.test(line)))
  })

test('groves with real keys agree', async () => {
  const scenario = readScenario('calm')
  const groves = { ...scenario.groves, modes: ['members' as const] }

  const { violations } = await run({ ...scenario, groves }, REAL_KEYS_IN)

  assert.deepEqual(violations, [])
})
