import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { inviteKey, joinProof } from '../../../../src/core/identity/invite.ts'
import { type Rotation, rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { Access } from '../../../../src/node/access/access.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { withCode } from '../../../support/errors.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const [hub, alice, bob] = [keyOf(1), keyOf(2), keyOf(3)].map(({ peerId }) => peerId) as [
  KeyId,
  KeyId,
  KeyId,
]
const TERMS = { expiresInMs: 1_000, uses: 1 }
const NONCE = '0'.repeat(32)

function opened(t: TestContext) {
  const { clock, move } = standingClock()
  const stores = memoryStores(seeded(1))
  t.after(() => stores.close())
  const open = () =>
    new Access({ records: stores.records, clock, secret: secretHex, signatures: { key: keyOf(1) } })
  return { access: open(), open, move, records: stores.records }
}

/** What a grove shows that has the secret. */
function shownBy(joiner: KeyId, secret: string, by = joiner) {
  const { id, key } = inviteKey(secret)
  const proof = joinProof(key, { by: 'joiner', joiner: by, inviter: hub, nonce: NONCE })
  return { joiner, inviter: hub, request: { id, nonce: NONCE, proof } }
}

test('an invite lets one grove in, again too, and tells whoever has a copy that it was used', async (t) => {
  const { access, open } = opened(t)
  const { secret, id } = await access.invites.create(TERMS)

  await access.invites.show(shownBy(alice, secret))
  await access.invites.show(shownBy(alice, secret))
  await assert.rejects(
    access.invites.show(shownBy(bob, secret)),
    withCode('refused', `was used already, by ${alice}`),
  )

  const reopened = open()
  await reopened.load()
  const [listed] = reopened.invites.list()
  assert.deepEqual([listed?.id, listed?.usedBy], [id, [alice]])
  assert.deepEqual(
    listed?.refused.map(({ peerId }) => peerId),
    [bob],
  )
})

test('of many groves that show one invite at once, one gets in', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const joiners = Array.from({ length: 8 }, (_, n) => keyOf(n + 2).peerId)

  const shown = await Promise.allSettled(
    joiners.map((joiner) => access.invites.show(shownBy(joiner, secret))),
  )

  assert.equal(shown.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal(access.invites.list()[0]?.usedBy.length, 1)
})

test('who has an invite to the key before is told that it ended, and others are not', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const invited = { ...shownBy(alice, secret), inviter: bob, formerly: [hub] }
  const { nonce, proof } = shownBy(alice, 'another').request
  const guessed = { ...invited, request: { ...invited.request, nonce, proof } }

  await assert.rejects(access.invites.show(invited), withCode('refused', 'changed its key'))
  await assert.rejects(access.invites.show(guessed), withCode('refused', 'no such invite'))
  assert.deepEqual(access.invites.list()[0]?.usedBy, [])
})

/** A grove joins by an invite, as it asks for that: what `shownBy` shows, and how its key changed. */
async function join(access: Access, by: { key: SigningKey; secret: string; changes?: Rotation[] }) {
  const { key, secret, changes = [] } = by
  const shown = shownBy(key.peerId, secret)
  await access.invites.show({ ...shown, request: { ...shown.request, rotations: changes } })
  await access.roster.add(key.peerId, undefined)
}

const changed = (one: SigningKey, to: SigningKey) => rotate(one, to, timestamp(1_000))
const membersOf = async ({ roster }: Access) =>
  (await roster.list()).members.map(({ peerId }) => peerId).filter((id) => id !== hub)

test('a grove that rotates again and again is one member by one invite, and once blocked none', async (t) => {
  const { access, open } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const keys = Array.from({ length: 6 }, (_, n) => keyOf(n + 2)) as [SigningKey, ...SigningKey[]]
  await join(access, { key: keys[0], secret })

  for (const [n, key] of keys.slice(1, 5).entries()) {
    await join(access, { key, secret, changes: [changed(keys[n]!, key)] })
    assert.deepEqual(await membersOf(access), [key.peerId])
    assert.equal(access.keys.isRetired(keys[n]!.peerId), true)
  }
  const [last, next] = [keys[4]!, keys[5]!]
  await access.standings.say(last.peerId, { standing: 'blocked' })
  const barred = join(access, { key: next, secret, changes: [changed(last, next)] })

  await assert.rejects(barred, withCode('forbidden', 'is blocked here'))
  const reopened = open()
  await reopened.load()
  for (const one of [access, reopened]) {
    assert.deepEqual(await membersOf(one), [])
    for (const { peerId } of keys) assert.equal(one.keys.of(peerId), 'blocked')
  }
})

test('a blocked grove does not join under another key by an invite that nobody has used', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  await access.standings.say(alice, { standing: 'blocked' })

  const barred = join(access, { key: keyOf(3), secret, changes: [changed(keyOf(2), keyOf(3))] })

  await assert.rejects(barred, withCode('forbidden', 'is blocked here'))
  assert.deepEqual(access.invites.list()[0]?.usedBy, [])
})

test('a key that was given up, or names another successor, joins by no invite that it used', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const [first, second, fork] = [keyOf(2), keyOf(3), keyOf(4)]
  await join(access, { key: first, secret })
  await access.rotations.learn([changed(first, second)])

  const forked = join(access, { key: fork, secret, changes: [changed(first, fork)] })
  await assert.rejects(forked, withCode('refused', 'was used already'))
  const retired = join(access, { key: first, secret })
  await assert.rejects(retired, withCode('forbidden', 'was given up'))

  assert.deepEqual(await membersOf(access), [second.peerId])
  assert.equal(access.keys.of(fork.peerId), undefined)
})

test('a change of key that only the next key signed, or that runs in a circle, lets nobody in', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const [first, second, thief] = [keyOf(2), keyOf(3), keyOf(4)]
  await join(access, { key: first, secret })
  const forged = { ...changed(thief, keyOf(5)), from: first.peerId, to: thief.peerId }
  const byThief = join(access, { key: thief, secret, changes: [forged] })
  await assert.rejects(byThief, withCode('refused', 'was used already'))
  await join(access, { key: second, secret, changes: [changed(first, second)] })

  const back = [changed(first, second), changed(second, first)]
  const circular = join(access, { key: first, secret, changes: back })

  await assert.rejects(circular, withCode('forbidden', 'was given up'))
  assert.deepEqual(await membersOf(access), [second.peerId])
})

test('of two keys that name themselves the successor at once, one gets in, over restarts', async (t) => {
  const { access, open } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const first = keyOf(2)
  await join(access, { key: first, secret })

  const joined = await Promise.allSettled(
    [keyOf(3), keyOf(4)].map((key) =>
      join(access, { key, secret, changes: [changed(first, key)] }),
    ),
  )

  assert.equal(joined.filter(({ status }) => status === 'fulfilled').length, 1)
  const members = await membersOf(access)
  assert.equal(members.length, 1)
  const reopened = open()
  await reopened.load()
  assert.deepEqual(await membersOf(reopened), members)
})

test('a grove that has left and then rotated joins again by its own invite', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create(TERMS)
  const keys = [keyOf(2), keyOf(3), keyOf(4)] as const
  await join(access, { key: keys[0], secret })
  await access.roster.remove(alice)

  const changes = [changed(keys[1], keys[2]), changed(keys[0], keys[1])]
  await join(access, { key: keys[2], secret, changes })

  assert.deepEqual(await membersOf(access), [keys[2].peerId])
  assert.deepEqual(access.invites.list()[0]?.usedBy, [keys[2].peerId])
})

test('what was overheard of a join lets nobody else in', async (t) => {
  const { access } = opened(t)
  const { secret } = await access.invites.create({ ...TERMS, uses: 5 })
  const overheard = shownBy(alice, secret)

  const replayed = access.invites.show({ ...overheard, joiner: bob })

  await assert.rejects(replayed, withCode('refused', 'there is no such invite'))
  assert.deepEqual(access.invites.list()[0]?.usedBy, [])
})

test('an invite ends at its moment, or when it is revoked; who has no invite is not told which', async (t) => {
  const { access, move } = opened(t)
  const { secret, id } = await access.invites.create({ ...TERMS, uses: 5 })
  const other = await access.invites.create(TERMS)
  await access.invites.revoke(other.id)
  move(1_000)

  await assert.rejects(access.invites.show(shownBy(alice, secret)), withCode('refused', 'ended at'))
  for (const unknown of [other.secret, Buffer.alloc(32, 9).toString('base64url')])
    await assert.rejects(
      access.invites.show(shownBy(alice, unknown)),
      withCode('refused', 'there is no such invite'),
    )
  await assert.rejects(access.invites.revoke(other.id), withCode('not-found'))
  assert.deepEqual(
    access.invites.list().map((one) => [one.id, one.isExpired]),
    [[id, true]],
  )
})

test('what is kept of an invite does not tell it', async (t) => {
  const { access, records } = opened(t)
  const { secret } = await access.invites.create(TERMS)

  assert.ok(!JSON.stringify(await records.list('invite')).includes(secret))
})

test('the list has those that joined and those that are trusted, and no blocked one', async (t) => {
  const { access, open } = opened(t)
  const idsOf = async (from = access) =>
    (await from.roster.list()).members.map(({ peerId }) => peerId)
  const sorted = (...ids: KeyId[]) => ids.toSorted()

  const first = await access.roster.list()
  await access.roster.add(alice, 'alice')
  await access.standings.say(bob, { standing: 'trusted' })
  const second = await access.roster.list()
  assert.deepEqual(await idsOf(), sorted(hub, alice, bob))
  assert.equal(access.keys.of(alice), 'member')
  await access.standings.say(alice, { standing: 'blocked' })
  assert.deepEqual(await idsOf(), sorted(hub, bob))
  const third = await access.roster.list()
  await access.standings.say(alice, { standing: 'none' })
  await access.roster.remove(alice)
  await access.standings.say(bob, { standing: 'none' })

  const reopened = open()
  await reopened.load()
  const seqs = [first, second, third, await reopened.roster.list()].map(({ seq }) => seq)
  assert.deepEqual(await idsOf(reopened), [hub])
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(seqs).size, 4)
  assert.equal(await reopened.roster.list(), await reopened.roster.list())
  assert.equal(access.keys.of(alice), undefined)
})

test('a list is signed anew each day, so that one that is withheld grows old', async (t) => {
  const { access, move } = opened(t)
  const first = await access.roster.list()
  move(24 * 60 * 60_000 - 1)
  const same = await access.roster.list()
  move(1)
  const next = await access.roster.list()

  assert.equal(same, first)
  assert.equal(next.issuedAt - first.issuedAt, 24 * 60 * 60_000)
  assert.ok(next.seq > first.seq)
})
