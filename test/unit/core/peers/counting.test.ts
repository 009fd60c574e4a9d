import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KeyId, keyIdFromBytes } from '../../../../src/core/identity/ed25519.ts'
import { admissions } from '../../../../src/core/peers/admission.ts'
import { judge, type KeyStanding } from '../../../../src/core/peers/counting.ts'

const keyOf = (n: number): KeyId => keyIdFromBytes(new Uint8Array(32).fill(n))
const [own, trusted, member, blocked, stranger] = [1, 2, 3, 4, 5].map(keyOf)
assert.ok(own && trusted && member && blocked && stranger)
const standings = new Map<KeyId, KeyStanding>([
  [own, 'own'],
  [trusted, 'trusted'],
  [member, 'member'],
  [blocked, 'blocked'],
])

/** In open, signed and members. */
const inEachMode = (signers: readonly KeyId[], isOurs = false) =>
  admissions.map((admission) => judge({ admission, standings }, { signers, isOurs }))

test('what counts follows from the mode and from who has signed it', () => {
  for (const signer of [own, trusted, member])
    assert.deepEqual(inEachMode([signer]), ['counts', 'counts', 'counts'])
  assert.deepEqual(inEachMode([stranger]), ['counts', 'counts', 'uncounted'])
  assert.deepEqual(inEachMode([]), ['counts', 'uncounted', 'uncounted'])
})

test('what blocked keys alone have signed takes no place; another signer gives it back', () => {
  assert.deepEqual(inEachMode([blocked]), ['blocked', 'blocked', 'blocked'])
  assert.deepEqual(inEachMode([blocked, stranger]), ['counts', 'counts', 'uncounted'])
  assert.deepEqual(inEachMode([blocked, member]), ['counts', 'counts', 'counts'])
})

test('what was published here is not blocked with others who sign it, too', () => {
  assert.deepEqual(inEachMode([blocked], true), ['counts', 'uncounted', 'uncounted'])
  assert.deepEqual(inEachMode([blocked, own], true), ['counts', 'counts', 'counts'])
})
