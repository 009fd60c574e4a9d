import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import {
  type Attestation,
  attestationsSchema,
} from '../../../../src/core/contribution/attestation.ts'
import { type KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import {
  isOriginOf,
  ORIGIN_BATCH_MAX,
  ORIGINS_MAX,
  type Origin,
  originsKept,
  signOrigins,
} from '../../../../src/core/identity/origin.ts'
import {
  ORIGIN_HEADER_MAX_CHARS,
  originAttestation,
  originHeader,
  originOf,
  originsIn,
  readOriginHeader,
} from '../../../../src/core/identity/origin-text.ts'

const key = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const cid = (n: number): Cid => hashBytes(Buffer.from(`contribution ${n}`))
const cids = (count: number) => Array.from({ length: count }, (_, n) => cid(n))
const AT = Date.parse('2026-03-01T12:00:00.000Z')
const [alice, bob] = [key(1), key(2)]
const originAt = (n: number, count = 1): Origin => {
  const origin = signOrigins(alice, cids(count), AT)[n]
  assert.ok(origin)
  return origin
}

test('each of any number that are published together has an origin of its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: ORIGIN_BATCH_MAX }), fc.nat(), (count, pick) => {
      const origins = signOrigins(alice, cids(count), AT)
      const n = pick % count
      const origin = origins[n]

      assert.equal(origins.length, count)
      assert.ok(origin && isOriginOf(cid(n), origin))
      assert.equal(isOriginOf(cid(count), origin), false)
      if (count > 1) assert.equal(isOriginOf(cid((n + 1) % count), origin), false)
    }),
    { numRuns: 30 },
  )
})

interface Vectors {
  readonly keys: readonly { readonly secret: string }[]
  readonly origins: readonly {
    readonly count: number
    readonly index: number
    readonly cid: Cid
    readonly at: number
    readonly header: string
    readonly attestation: Attestation
  }[]
}

test('origins have the headers and attestations of the vectors', () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { keys, origins } = JSON.parse(readFileSync(file, 'utf8')) as Vectors
  const signer = SigningKey.fromSecret(Buffer.from(keys[0]?.secret ?? '', 'hex'))
  assert.notEqual(origins.length, 0)
  for (const { count, index, attestation, header, ...said } of origins) {
    const origin = signOrigins(signer, cids(count), said.at)[index]
    assert.ok(origin)

    assert.equal(originHeader([origin]), header)
    assert.deepEqual(originAttestation(origin), attestation)
    const [read] = readOriginHeader(header).origins
    const [told] = originsIn([attestation, attestation, { version: 7 }])
    assert.ok(read && isOriginOf(said.cid, read))
    assert.ok(told && isOriginOf(said.cid, told))
  }
})

test('an origin that was changed in anything is none', () => {
  for (const origin of [originAt(0), originAt(2, 5)]) {
    const n = origin.path === undefined ? 0 : 2
    const { path } = origin
    const forged: Origin[] = [
      { ...origin, peerId: bob.peerId },
      { ...origin, at: AT + 1 },
      { ...origin, signature: originAt(1, 2).signature },
      ...(path === undefined
        ? [{ ...origin, path: { index: 0, count: 1, siblings: [] } }]
        : [
            { peerId: origin.peerId, at: AT, signature: origin.signature },
            { ...origin, path: { ...path, count: 6 } },
            { ...origin, path: { ...path, index: 3 } },
            { ...origin, path: { ...path, siblings: path.siblings.slice(1) } },
            { ...origin, path: { ...path, siblings: [...path.siblings, new Uint8Array(32)] } },
            { ...origin, path: { ...path, siblings: path.siblings.toReversed() } },
          ]),
    ]
    assert.ok(isOriginOf(cid(n), origin))
    for (const other of forged) assert.equal(isOriginOf(cid(n), other), false)
  }
})

test('an inner node of the tree passes for no contribution', () => {
  const [first] = signOrigins(alice, cids(4), AT)
  assert.ok(first?.path)
  const inner = `blake3:${Buffer.from(first.path.siblings[1] ?? []).toString('hex')}` as Cid

  for (const index of [0, 1])
    assert.equal(
      isOriginOf(inner, {
        ...first,
        path: { ...first.path, index, siblings: [new Uint8Array(32)] },
      }),
      false,
    )
})

test('origins travel in a header and as attestations, and come out as they were', () => {
  for (const origin of [originAt(0), originAt(0, 2), originAt(4, 5), originAt(255, 256)]) {
    const read = readOriginHeader(originHeader([origin]))
    const attestation = JSON.parse(JSON.stringify(originAttestation(origin)))

    assert.deepEqual(plain(read.origins), plain([origin]))
    assert.equal(read.malformed, 0)
    assert.ok(attestationsSchema.safeParse([attestation]).success)
    assert.deepEqual(plain([originOf(attestation)]), plain([origin]))
  }
  const several = [originAt(0), { ...originAt(1, 2), peerId: bob.peerId }]
  assert.deepEqual(plain(readOriginHeader(originHeader(several)).origins), plain(several))
})

const plain = (value: unknown) =>
  JSON.stringify(value, (_, each) =>
    each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each,
  )

test('a header has as many origins as there is room for', () => {
  const origin = originAt(255, 256)
  const many = Array.from({ length: 16 }, (_, n) => ({ ...origin, peerId: key(n + 1).peerId }))

  const header = originHeader(many)

  assert.ok(header.length <= ORIGIN_HEADER_MAX_CHARS)
  const { origins, malformed } = readOriginHeader(header)
  assert.ok(origins.length >= 6 && malformed === 0)
})

test('what is malformed in a header is counted, and the rest is read', () => {
  const good = originHeader([originAt(0)])
  const [id = '', at = '', signature = ''] = good.split(' ')
  const bad = [
    'x',
    `${id} ${at}`,
    `${id.toUpperCase()} ${at} ${signature}`,
    `${id} 01 ${signature}`,
    `${id} -1 ${signature}`,
    `${id} 1e3 ${signature}`,
    `${id} 9999999999999999 ${signature}`,
    `${id} ${at} ${signature.slice(1)}`,
    `${id} ${at} ${signature}  `.replace('  ', ' x'),
    `${id} ${at} ${signature} 2/2 ${'A'.repeat(43)}`,
    `${id} ${at} ${signature} 0/1 ${'A'.repeat(43)}`,
    `${id} ${at} ${signature} 0/257 ${'A'.repeat(43)}`,
    `${id} ${at} ${signature} 0/2 ${'A'.repeat(44)}`,
    `${id} ${at} ${signature} 0/2 ${'A'.repeat(42)}B`,
    `${id} ${at} ${signature} 0/2 ${'A'.repeat(43)} more`,
  ]
  for (const entry of bad) {
    const { origins, malformed } = readOriginHeader(`${entry}, ${good}`)
    assert.deepEqual([origins.length, malformed], [1, 1], entry)
  }
  assert.equal(readOriginHeader(`${good}, ${good}`).malformed, 1, 'one a key')
  assert.deepEqual(readOriginHeader(''), { origins: [], malformed: 0 })
  const endless = Array(ORIGINS_MAX * 9)
    .fill('x')
    .join()
  assert.deepEqual(readOriginHeader(endless), { origins: [], malformed: ORIGINS_MAX + 1 })
  assert.equal(readOriginHeader('x'.repeat(ORIGIN_HEADER_MAX_CHARS + 1)).malformed, 1)
})

test('no header and no attestation makes a reader throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w:,/ .-]*$/)), (text) => {
      const { origins, malformed } = readOriginHeader(text)
      assert.ok(origins.length + malformed <= ORIGINS_MAX + 1)
    }),
  )
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (at, path) => {
      const said = {
        version: 1,
        type: 'origin',
        peerId: alice.peerId,
        at,
        path,
        index: 0,
        count: 2,
      }
      originOf(said as unknown as Parameters<typeof originOf>[0])
    }),
  )
})

test('the same origins are kept in whatever order they came, and listed keys always', () => {
  const origins = Array.from({ length: 40 }, (_, n) => ({
    peerId: `ed25519:${Buffer.alloc(32, n).toString('hex')}` as KeyId,
  }))
  const listed = new Set(origins.slice(0, 3).map(({ peerId }) => peerId))
  const kept = (of: typeof origins) =>
    originsKept(cid(0), of, { isListed: (id) => listed.has(id) }).map(({ peerId }) => peerId)
  const all = kept(origins)

  assert.ok(all.length >= ORIGINS_MAX && all.length <= ORIGINS_MAX + listed.size)
  for (const peerId of listed) assert.ok(all.includes(peerId))
  fc.assert(
    fc.property(fc.shuffledSubarray(origins, { minLength: 40 }), fc.nat(39), (mixed, cut) => {
      assert.deepEqual(new Set(kept(mixed)), new Set(all))
      const inTurns = originsKept(cid(0), mixed.slice(0, cut), { isListed: (id) => listed.has(id) })
      assert.deepEqual(new Set(kept([...inTurns, ...mixed.slice(cut)])), new Set(all))
    }),
    { numRuns: 30 },
  )
  assert.equal(originsKept(cid(0), origins, { isListed: () => true }).length, 40)
})
