import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import {
  isRotation,
  leadsTo,
  type Rotation,
  rotate,
} from '../../../../src/core/identity/rotation.ts'

const key = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const [a, b, c, d] = [key(1), key(2), key(3), key(4)]
const at = '2026-03-01T12:00:00.000Z'
const first = rotate(a, b, at)
const second = rotate(b, c, at)

test('a change of key is signed by both keys', () => {
  assert.ok(isRotation(first))
  const forged: Partial<Rotation>[] = [
    { from: d.peerId },
    { to: d.peerId },
    { at: '2026-03-01T12:00:00.001Z' },
    { fromSignature: first.toSignature },
    { toSignature: first.fromSignature },
    { toSignature: '' },
  ]
  for (const change of forged) assert.equal(isRotation({ ...first, ...change }), false)
  assert.equal(isRotation(rotate(a, a, at)), false)
})

test('changes lead from an id to the one that took its place', () => {
  const chain = [first, second]

  assert.ok(leadsTo(a.peerId, c.peerId, chain))
  assert.ok(leadsTo(b.peerId, c.peerId, chain))
  assert.equal(leadsTo(a.peerId, b.peerId, chain), false, 'that one was given up')
  assert.equal(leadsTo(a.peerId, d.peerId, chain), false)
  assert.equal(leadsTo(a.peerId, c.peerId, [second]), false, 'a step is missing')
  const stolen = { ...rotate(d, c, at), from: a.peerId }
  assert.equal(leadsTo(a.peerId, c.peerId, [stolen]), false, 'nobody else hands an id on')
})
