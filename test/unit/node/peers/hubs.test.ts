import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { rotateKey } from '../../../../src/compose.ts'
import type { KeyId } from '../../../../src/core/identity/ed25519.ts'
import { admissions } from '../../../../src/core/peers/admission.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { withCode } from '../../../support/errors.ts'
import { testFolder } from '../../../support/folder.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'

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

test('an invite that another grove answers changes nothing', async () => {
  await using hub = await servedGrove()
  await using other = await servedGrove()
  await using leaf = await servedGrove()
  const line = (await inviteOf(hub)).replace(hub.url, other.url)

  await assert.rejects(
    apiOf(leaf).joinGrove({ invite: line }),
    withCode('refused', 'no such invite'),
  )

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

test('a list with a lower number, or signed by another grove, is not taken', async () => {
  await using hub = await servedGrove()
  await using leaf = await servedGrove()
  await apiOf(leaf).joinGrove({ invite: await inviteOf(hub) })
  const earlier = (await apiOf(hub).members({})).list
  await hub.node.access.roster.add(`ed25519:${'b'.repeat(64)}` as KeyId, undefined)
  await leaf.node.hubs.follow()
  const latest = await seqAt(leaf)

  for (const list of [earlier, earlier && { ...earlier, seq: (latest ?? 0) + 1 }]) {
    leaf.node.transport.members = async () => ({ ...(list && { list }), rotations: [] })
    await leaf.node.hubs.follow()
    assert.equal(await seqAt(leaf), latest)
  }
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
  await leaf.node.hubs.follow()

  const [hub] = leaf.node.hubs.list()
  assert.deepEqual([hub?.peerId, hub?.isMember], [key.peerId, true])
  assert.equal(leaf.node.access.keys.of(key.peerId), 'member')
  assert.equal(leaf.node.access.keys.of(idBefore), undefined)
  assert.equal(idOf(after), key.peerId)
})
