import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { rotateKey } from '../../../../src/compose.ts'
import { type KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { inviteKey, joinProof } from '../../../../src/core/identity/invite.ts'
import { signMemberList } from '../../../../src/core/identity/members.ts'
import { rotate } from '../../../../src/core/identity/rotation.ts'
import { admissions } from '../../../../src/core/peers/admission.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { httpTransport } from '../../../../src/transport/client.ts'
import { withCode } from '../../../support/errors.ts'
import { testFolder } from '../../../support/folder.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { testNode } from '../../../support/test-node.ts'
import { until } from '../../../support/until.ts'

const at = testFolder()

const apiOf = ({ node }: TestGrove) => localClient(node)
const idOf = ({ node }: TestGrove) => node.config.self.peerId as KeyId
const inviteOf = async (hub: TestGrove) => (await apiOf(hub).invite({})).line
const seqAt = async (grove: TestGrove) => (await apiOf(grove).memberships({})).hubs[0]?.seq

for (const admission of admissions)
  test(`in ${admission}, an invite makes a grove a member, and the hub its seed`, async () => {
    await using hub = await servedGrove({ admission })
    await using leaf = await servedGrove({ admission })

    const line = await inviteOf(hub)
    const joined = await apiOf(leaf).joinGrove({ invite: line, name: 'laptop' })

    assert.ok(line.startsWith(`grove+${hub.url}/#ed25519:`))
    assert.deepEqual([joined.peerId, joined.address, joined.isMember], [idOf(hub), hub.url, true])
    assert.equal(hub.node.access.keys.of(idOf(leaf)), 'member')
    assert.equal(leaf.node.access.keys.of(idOf(hub)), 'member')
    assert.equal(leaf.node.gossip.peer(hub.url)?.seed, true)
    const { members } = await apiOf(hub).memberships({})
    assert.deepEqual(
      members.map(({ peerId, name }) => [peerId, name]),
      [[idOf(leaf), 'laptop']],
    )
  })

test('a stolen invite that was used is refused, and both sides are told', async () => {
  await using hub = await servedGrove({ admission: 'members' })
  await using leaf = await servedGrove()
  await using thief = await servedGrove()
  const line = await inviteOf(hub)
  await apiOf(leaf).joinGrove({ invite: line })

  const stolen = apiOf(thief).joinGrove({ invite: line })

  await assert.rejects(stolen, withCode('refused', 'was used already, by ed25519:'))
  assert.match(hub.warned.join(), /an invite was shown by another grove than used it/)
  const { invites } = await apiOf(hub).invites({})
  assert.deepEqual(
    invites[0]?.refused.map(({ peerId }) => peerId),
    [idOf(thief)],
  )
  assert.equal(hub.node.access.keys.of(idOf(thief)), undefined)
  assert.deepEqual((await apiOf(thief).memberships({})).hubs, [])
})

test('a grove that has another key since joins again by its own invite', async () => {
  const dir = at('rotated')
  await using hub = await servedGrove({ admission: 'members' })
  const line = await inviteOf(hub)
  {
    await using before = await servedGrove({ dir })
    await apiOf(before).joinGrove({ invite: line })
  }
  const { key } = await rotateKey({ dir }, silentLog)
  await using after = await servedGrove({ dir })

  const joined = await apiOf(after).joinGrove({ invite: line })

  assert.equal(joined.isMember, true)
  assert.equal(hub.node.access.keys.of(key.peerId), 'member')
  assert.doesNotMatch(hub.warned.join(), /an invite was shown/)
  const { invites } = await apiOf(hub).invites({})
  assert.deepEqual([invites[0]?.usedBy, invites[0]?.refused], [[key.peerId], []])
})

test('a hub that is joined anew at another address is a seed there only', async () => {
  await using hub = await servedGrove()
  await using leaf = await servedGrove()
  await apiOf(leaf).joinGrove({ invite: await inviteOf(hub) })
  const address = hub.url.replace('127.0.0.1', 'localhost')
  const { line } = await apiOf(hub).invite({ address })

  await apiOf(leaf).joinGrove({ invite: line })

  assert.equal(leaf.node.gossip.peer(address)?.seed, true)
  assert.equal(leaf.node.gossip.peer(hub.url)?.seed ?? false, false)
})

test('an invite that another grove answers changes nothing', async () => {
  await using hub = await servedGrove()
  await using other = await servedGrove()
  await using leaf = await servedGrove()
  const line = (await inviteOf(hub)).replace(hub.url, other.url)

  await assert.rejects(apiOf(leaf).joinGrove({ invite: line }), withCode('refused'))

  assert.deepEqual(leaf.node.hubs.list(), [])
  assert.equal(leaf.node.access.keys.of(idOf(hub)), undefined)
})

test('joiners follow the list: they count each other, until one leaves or is blocked', async () => {
  await using hub = await servedGrove({ admission: 'members' })
  await using first = await servedGrove({ admission: 'members' })
  await using second = await servedGrove({ admission: 'members' })
  await apiOf(first).joinGrove({ invite: await inviteOf(hub) })
  await apiOf(second).joinGrove({ invite: await inviteOf(hub) })
  const before = await seqAt(first)

  await first.node.hubs.follow()
  const seen = first.node.access.keys.of(idOf(second))
  await hub.node.access.standings.say(idOf(second), { standing: 'blocked' })
  await first.node.hubs.follow()
  const blocked = first.node.access.keys.of(idOf(second))
  const left = await apiOf(first).leaveGrove({})

  assert.deepEqual([seen, blocked], ['member', undefined])
  assert.ok((before ?? 0) < left.seq)
  assert.equal(left.isTold, true)
  assert.equal(hub.node.access.keys.of(idOf(first)), undefined)
  assert.equal(first.node.access.keys.of(idOf(hub)), undefined)
  assert.equal(first.node.gossip.peer(hub.url), undefined)
  await assert.rejects(apiOf(first).leaveGrove({}), withCode('not-found', 'no grove is joined'))
})

test('who has left does not count any longer, unless the hub trusts it', async () => {
  await using hub = await servedGrove({ admission: 'members' })
  await using left = await servedGrove({ admission: 'members' })
  await using other = await servedGrove({ admission: 'members' })
  for (const joiner of [left, other]) await apiOf(joiner).joinGrove({ invite: await inviteOf(hub) })
  const standing = async () => {
    await other.node.hubs.follow()
    return [hub, other].map(({ node }) => node.access.keys.of(idOf(left)))
  }
  const before = await standing()

  await apiOf(left).leaveGrove({})
  const after = await standing()
  await hub.node.access.standings.say(idOf(left), { standing: 'trusted' })
  const trusted = await standing()

  assert.deepEqual(
    [before, after, trusted],
    [
      ['member', 'member'],
      [undefined, undefined],
      ['trusted', 'member'],
    ],
  )
})

test('who is blocked by its hub is told that it is no member any more, and once it is let in again', async () => {
  await using hub = await servedGrove({ admission: 'members' })
  await using joiner = await servedGrove({ admission: 'members' })
  await apiOf(joiner).joinGrove({ invite: await inviteOf(hub) })
  const said = async (standing: 'blocked' | 'none') => {
    await hub.node.access.standings.say(idOf(joiner), { standing })
    await joiner.node.hubs.follow()
    return joiner.node.hubs.list().map(({ isMember }) => isMember)
  }

  assert.deepEqual(await said('blocked'), [false])
  assert.deepEqual(await said('none'), [true])
})

test('a list with a lower or the same number, or signed by another grove, is not taken', async () => {
  const [hub, own] = [keyOf(1), keyOf(2)]
  const self = { peerId: own.peerId, address: 'http://own.invalid' }
  await using grove = testNode([], { self })
  const { transport, hubs } = grove.node
  const warned: string[] = []
  Object.assign(grove.node, { log: { ...silentLog, warn: (text: string) => warned.push(text) } })
  const listOf = (key: SigningKey, now: number) =>
    signMemberList(key, { members: [{ peerId: own.peerId }], now })
  const secret = Buffer.alloc(32, 7).toString('base64url')
  transport.join = async (_, { nonce }) => {
    const call = { by: 'inviter', joiner: own.peerId, inviter: hub.peerId, nonce } as const
    return { proof: joinProof(inviteKey(secret).key, call), list: await listOf(hub, 1_000) }
  }
  const invite = { address: 'http://10.0.0.1:4515', peerId: hub.peerId, secret }
  await hubs.join(invite, { signal: new AbortController().signal })
  const later = await listOf(hub, 2_000)
  const sent = [
    await listOf(hub, 999),
    { ...later, seq: 3_000 },
    await listOf(keyOf(3), 3_000),
    later,
  ]

  const taken: (number | undefined)[] = []
  for (const list of sent) {
    transport.members = async () => ({ list, rotations: [] })
    await hubs.follow()
    taken.push(hubs.list()[0]?.seq)
  }

  assert.deepEqual(taken, [1_000, 1_000, 1_000, 2_000])

  const twin = signMemberList(hub, { members: [{ peerId: keyOf(4).peerId }], now: 2_000 })
  transport.members = async () => ({ list: twin, rotations: [] })
  await hubs.follow()
  assert.match(warned.join(), /signed two lists of members with one number/)
  assert.deepEqual(
    hubs.list()[0]?.members,
    later.members.map(({ peerId }) => peerId),
  )

  const [stolen, changed] = [keyOf(5), keyOf(6)].map((next) => rotate(hub, next, timestamp(1)))
  transport.members = async () => ({ list: await listOf(keyOf(6), 3_000), rotations: [changed!] })
  await hubs.follow()
  for (const [key, rotations] of [
    [keyOf(5), [stolen!]],
    [hub, []],
  ] as const) {
    transport.members = async () => ({ list: await listOf(key, 9_000), rotations: [...rotations] })
    await hubs.follow()
  }
  assert.equal(hubs.list()[0]?.peerId, keyOf(6).peerId, 'the key before names nobody else')
})

test('a grove that is no member is not told who is', async () => {
  await using hub = await servedGrove({ admission: 'open' })
  await using stranger = await servedGrove()

  const asked = stranger.node.transport.members({ peerId: idOf(hub), address: hub.url }, 0)

  await assert.rejects(asked, withCode('refused', 'told to members only'))
})

test('a hub is a seed again after a restart', async () => {
  await using hub = await servedGrove()
  const dir = at('leaf')
  {
    await using before = await servedGrove({ dir })
    await apiOf(before).joinGrove({ invite: await inviteOf(hub) })
  }

  await using after = await servedGrove({ dir })

  assert.equal(after.node.gossip.peer(hub.url)?.seed, true)
  assert.equal(after.node.access.keys.of(idOf(hub)), 'member')
  assert.deepEqual(
    after.node.askable().map(({ address }) => address),
    [hub.url],
  )
})

test('a grove makes no invite for itself, and none while it is not served', async () => {
  await using hub = await servedGrove()
  const line = await inviteOf(hub)

  await assert.rejects(apiOf(hub).joinGrove({ invite: line }), withCode('usage-error', 'itself'))
  await assert.rejects(apiOf(hub).invite({ address: 'ftp://x' }), withCode('usage-error'))
})

test('an invite names an address of the grove that makes it, and no other', async () => {
  await using hub = await servedGrove()
  const elsewhere = [
    'http://10.0.0.9:4515',
    hub.url.replace(/\d+$/, '1'),
    hub.url.replace('http', 'https'),
    `${hub.url}/path`,
  ]

  for (const address of elsewhere)
    await assert.rejects(
      apiOf(hub).invite({ address }),
      withCode('usage-error', 'is not known here as an address of this grove'),
    )
  assert.deepEqual((await apiOf(hub).invites({})).invites, [])
})

test('open invites end with the key that is in them: their number is told, and each is marked', async () => {
  const dir = at('inviting')
  let open = ''
  {
    await using before = await servedGrove({ dir })
    await using leaf = await servedGrove()
    await apiOf(leaf).joinGrove({ invite: await inviteOf(before) })
    open = (await apiOf(before).invite({})).id
  }
  const first = await rotateKey({ dir }, silentLog)
  const second = await rotateKey({ dir }, silentLog)

  await using after = await servedGrove({ dir })
  const { invites } = await apiOf(after).invites({})

  assert.deepEqual([first.invitesEnded, second.invitesEnded], [1, 0])
  assert.equal(invites.find(({ id }) => id === open)?.endedByRotation, true)
})

test('the list of a hub that has another key is followed by its rotation', async () => {
  const dir = at('hub')
  let port = 0
  let idBefore: KeyId | undefined
  await using leaf = await servedGrove()
  {
    await using before = await servedGrove({ dir })
    port = Number(new URL(before.url).port)
    idBefore = idOf(before)
    await apiOf(leaf).joinGrove({ invite: await inviteOf(before) })
  }
  const { key } = await rotateKey({ dir }, silentLog)

  await using after = await servedGrove({ dir }, { port })
  // What is signed in the second of a start may be refused: the next round asks again.
  await until('the list of the new key is taken', async () => {
    await leaf.node.hubs.follow()
    return leaf.node.hubs.list()[0]?.peerId === key.peerId
  })

  const [hub] = leaf.node.hubs.list()
  assert.deepEqual([hub?.peerId, hub?.isMember], [key.peerId, true])
  assert.equal(leaf.node.access.keys.of(key.peerId), 'member')
  assert.equal(leaf.node.access.keys.of(idBefore), 'member', 'what it signed before counts')
  assert.equal(leaf.node.access.keys.isRetired(idBefore), true)
  assert.equal(idOf(after), key.peerId)
})

test('a member that has another key needs no new invite, and other members follow it', async () => {
  const dir = at('member')
  await using hub = await servedGrove({ admission: 'members' })
  await using other = await servedGrove({ admission: 'members' })
  await apiOf(other).joinGrove({ invite: await inviteOf(hub) })
  const former = await joined(dir, hub)
  const { key } = await rotateKey({ dir }, silentLog)

  await using after = await servedGrove({ dir, admission: 'members' })
  assert.equal(after.node.hubs.list()[0]?.isMember, true, 'by the key before')
  await until('the hub knows the new key', async () => {
    await after.node.hubs.follow()
    return hub.node.access.keys.of(key.peerId) === 'member'
  })
  await until('both have its list', async () => {
    for (const { node } of [other, after]) await node.hubs.follow()
    return [other, after].every(({ node }) => node.hubs.list()[0]?.members.includes(key.peerId))
  })

  const { members } = await apiOf(hub).memberships({})
  assert.deepEqual(
    members.map(({ peerId, name, formerly = [] }) => [peerId, name, formerly]),
    [
      [idOf(other), undefined, []],
      [key.peerId, 'laptop', [former.peerId]],
    ],
  )
  assert.equal(after.node.hubs.list()[0]?.isMember, true)
  assert.equal(other.node.access.keys.of(key.peerId), 'member')
  assert.equal(other.node.access.keys.aliases().get(former.peerId), key.peerId)
  for (const { node } of [hub, other]) assert.ok(node.access.keys.isRetired(former.peerId))
  const thief = transportOf(former)
  const asked = thief.members({ peerId: idOf(hub), address: hub.url }, 0)
  await assert.rejects(asked, withCode('refused', 'was given up for another key'))
  await thief.close()
  assert.equal((await apiOf(after).leaveGrove({})).isTold, true)
  assert.equal(hub.node.access.keys.of(key.peerId), undefined)
})

/** A grove in a directory joins the hub, and ends; the key that it has. */
async function joined(dir: string, hub: TestGrove): Promise<SigningKey> {
  await using grove = await servedGrove({ dir, admission: 'members' })
  await apiOf(grove).joinGrove({ invite: await inviteOf(hub), name: 'laptop' })
  return SigningKey.fromPem(await readFile(join(dir, 'identity.pem'), 'utf8')) ?? assert.fail()
}

/** Calls of whoever has a key. */
function transportOf(key: SigningKey) {
  return httpTransport({
    ...{ allowPrivate: true, clock: systemClock },
    signing: { key, nonce: () => secretHex(16), onClock() {}, onUnsigned() {} },
  })
}

test('who has just joined a hub is let in by its other members before their next round', async () => {
  const settings = { admission: 'members', syncIntervalMs: 600_000 } as const
  await using hub = await servedGrove(settings)
  await using other = await servedGrove(settings)
  await using newcomer = await servedGrove(settings)
  for (const one of [other, newcomer]) await apiOf(one).joinGrove({ invite: await inviteOf(hub) })

  await until('it is admitted there', () => {
    const asked = newcomer.node.transport.members({ peerId: idOf(other), address: other.url }, 0)
    return asked.then(() => true).catch(() => false)
  })
})
