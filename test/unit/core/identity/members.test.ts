import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { readMemberList, signMemberList } from '../../../../src/core/identity/members.ts'

const key = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const [alice, bob, hub] = [key(1), key(2), key(3)]
const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const faultOf = (read: object) => ('fault' in read ? read.fault : undefined)
const members = [{ peerId: bob.peerId, name: 'bob' }, { peerId: alice.peerId }]

test('a list of members is read as the hub signed it, with the hub on it', async () => {
  const list = await signMemberList(hub, { members, now: NOW })

  assert.deepEqual(readMemberList(JSON.parse(JSON.stringify(list))), { record: list })
  const ids = [alice, bob, hub].map(({ peerId }) => peerId).toSorted()
  assert.deepEqual(
    list.members.map(({ peerId }) => peerId),
    ids,
  )
})

test('its number rises, whether the clock was set back or the list before was lost', async () => {
  const seqOf = async (lastSeq: number | undefined, now: number) =>
    (await signMemberList(hub, { members, now, ...(lastSeq && { lastSeq }) })).seq

  assert.equal(await seqOf(undefined, NOW), NOW)
  assert.equal(await seqOf(NOW, NOW - 5_000), NOW + 1)
  assert.equal(await seqOf(undefined, NOW + 5_000), NOW + 5_000)
})

test('a list that the hub did not sign so is not taken', async () => {
  const list = await signMemberList(hub, { members, now: NOW })
  const forged = [
    { ...list, members: list.members.slice(1) },
    { ...list, seq: 9 },
    { ...list, by: bob.peerId },
    { ...list, more: true },
  ]
  const malformed = [{ ...list, version: 2 }, { ...list, members: 7 }, {}, null]

  for (const value of forged) assert.equal(faultOf(readMemberList(value)), 'forged')
  for (const value of malformed) assert.equal(faultOf(readMemberList(value)), 'malformed')
  fc.assert(
    fc.property(fc.jsonValue(), (more) => {
      assert.ok(faultOf(readMemberList({ ...list, more })))
    }),
  )
})

test('the list of the vectors is signed', () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { memberList } = JSON.parse(readFileSync(file, 'utf8'))

  assert.deepEqual(readMemberList(memberList), { record: memberList })
})
