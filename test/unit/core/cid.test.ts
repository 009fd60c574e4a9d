import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CidHasher,
  cidFromBytes,
  cidToBytes,
  hashBytes,
  isCid,
  parseCid,
  parseCidPrefix,
  shortCid,
} from '../../../src/core/cid.ts'
import { cidOf } from '../../../src/core/contribution/contribution.ts'
import { withCode } from '../../support/errors.ts'

const isInvalid = withCode('cid-invalid')
const vectors = join(import.meta.dirname, '../../../spec/vectors/cid.json')

test('every manifest in the vectors has its recorded cid', () => {
  const recorded = JSON.parse(readFileSync(vectors, 'utf8')) as { input: object; cid: string }[]

  for (const { input, cid } of recorded) {
    assert.equal(cidOf(input), cid)
    assert.equal(cidOf({ ...input, cid: 'whatever', manifestVersion: 1 }), cid)
  }
  assert.equal(recorded.length, 80)
})

test('the hash is BLAKE3', () => {
  // The empty input of the BLAKE3 authors' test vectors.
  const empty = 'blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'

  assert.equal(hashBytes(new Uint8Array()), empty)
  assert.equal(new CidHasher().digest(), empty)
})

test('bytes have the same hash whole and in any chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 10 }), (chunks) => {
      const hasher = new CidHasher()
      for (const chunk of chunks) hasher.update(chunk)

      assert.equal(hasher.digest(), hashBytes(Buffer.concat(chunks)))
    }),
  )
})

test('a view into a larger buffer is hashed and read as the view alone', () => {
  const whole = new Uint8Array(100).map((_, index) => index)
  const view = whole.subarray(10, 42)

  assert.equal(hashBytes(view), hashBytes(Uint8Array.from(view)))
  assert.equal(cidFromBytes(view), cidFromBytes(Uint8Array.from(view)))
})

test('a cid converts to its bytes and back', () => {
  const cid = hashBytes(new Uint8Array([1, 2, 3]))

  assert.equal(cidToBytes(cid).byteLength, 32)
  assert.equal(cidFromBytes(cidToBytes(cid)), cid)
})

test('only a complete content id in lower case is accepted', () => {
  const cid = hashBytes(new Uint8Array())

  assert.equal(parseCid(cid), cid)
  for (const text of [
    '',
    cid.slice(0, -1),
    `${cid}0`,
    cid.toUpperCase(),
    cid.slice(7),
    `${cid}\n`,
    `x${cid}`,
  ]) {
    assert.ok(!isCid(text))
    assert.throws(() => parseCid(text), isInvalid)
  }
  assert.ok(!isCid(undefined))
})

test('an abbreviation is at least four hex digits, with or without the prefix', () => {
  const cid = hashBytes(new Uint8Array())

  assert.equal(shortCid(cid), 'af1349b9f5f9')
  assert.equal(parseCidPrefix(shortCid(cid, 4)), 'af13')
  assert.equal(parseCidPrefix('af1349'), 'af1349')
  assert.equal(parseCidPrefix(cid), cid.slice(7))
  for (const text of ['af1', 'blake3:', 'xyzw', 'AF13', `${cid}0`])
    assert.throws(() => parseCidPrefix(text), isInvalid)
})
