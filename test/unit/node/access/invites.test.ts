import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { KeyId } from '../../../../src/core/identity/ed25519.ts'
import { inviteKey, joinProof } from '../../../../src/core/identity/invite.ts'
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
