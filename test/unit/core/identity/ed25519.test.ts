import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import {
  type Domain,
  isKeyId,
  isSignedBy,
  type KeyId,
  publicPem,
  SigningKey,
} from '../../../../src/core/identity/ed25519.ts'

const keyOf = (secret: Uint8Array | string) =>
  SigningKey.fromSecret(typeof secret === 'string' ? Buffer.from(secret, 'hex') : secret)
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 })
const messages = fc.uint8Array({ maxLength: 300 })

interface Vectors {
  readonly keys: readonly {
    readonly secret: string
    readonly peerId: string
    readonly pem: string
  }[]
  readonly signatures: readonly {
    readonly secret: string
    readonly domain: Domain
    readonly utf8: string
    readonly signature: string
  }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../../spec/vectors/identity.json', import.meta.url), 'utf8'),
) as Vectors

test('keys have the ids and the files of the vectors', () => {
  for (const { secret, peerId, pem } of vectors.keys) {
    assert.equal(keyOf(secret).peerId, peerId)
    assert.equal(keyOf(secret).toPem(), pem)
    assert.equal(SigningKey.fromPem(pem)?.peerId, peerId)
  }
})

test('signatures are those of the vectors, and other tools verify them', () => {
  for (const { secret, domain, utf8, signature } of vectors.signatures) {
    const key = keyOf(secret)
    const bytes = Buffer.from(utf8)

    assert.equal(key.sign(domain, bytes), signature)
    const said = Buffer.concat([Buffer.from(`grove/${domain}/1\n`), bytes])
    const publicKey = createPublicKey(publicPem(key.peerId))
    assert.ok(verify(null, said, publicKey, Buffer.from(signature, 'base64url')))
  }
})

test('what a key signed is signed by its grove alone, as it was', () => {
  fc.assert(
    fc.property(secrets, secrets, messages, messages, (one, other, bytes, others) => {
      const [key, stranger] = [keyOf(one), keyOf(other)]
      const signature = key.sign('rotation', bytes)
      const holds = (peerId: KeyId, of: Uint8Array) =>
        isSignedBy(peerId, { domain: 'rotation', bytes: of, signature })

      assert.ok(holds(key.peerId, bytes))
      assert.equal(holds(stranger.peerId, bytes), stranger.peerId === key.peerId)
      assert.equal(holds(key.peerId, others), Buffer.from(bytes).equals(others))
    }),
    { numRuns: 40 },
  )
})

test('what was signed for something else is not signed', () => {
  const key = keyOf('07'.repeat(32))
  const signature = key.sign('rotation', Buffer.from('x'))

  for (const [domain, text] of [
    ['rotation/1\nx', ''],
    ['other', 'x'],
    ['', 'x'],
  ])
    assert.equal(
      isSignedBy(key.peerId, {
        domain: domain as Domain,
        bytes: Buffer.from(text ?? ''),
        signature,
      }),
      false,
    )
})

test('whatever is no signature is refused and throws nothing', () => {
  const { peerId } = keyOf('01'.repeat(32))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (signature) => {
      assert.equal(isSignedBy(peerId, { domain: 'rotation', bytes: Buffer.of(), signature }), false)
    }),
  )
})

test('keys of small order, for which anybody could sign, sign nothing', () => {
  const points = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ]
  const texts = Array.from({ length: 16 }, (_, n) => Buffer.from(`message ${n}`))

  for (const point of points)
    for (const r of points)
      for (const bytes of texts) {
        const signature = Buffer.from(r + '00'.repeat(32), 'hex').toString('base64url')
        const peerId = `ed25519:${point}` as KeyId
        assert.equal(isSignedBy(peerId, { domain: 'rotation', bytes, signature }), false)
      }
})

test('only the id of a key is one', () => {
  const id = keyOf('02'.repeat(32)).peerId
  assert.ok(isKeyId(id))
  for (const other of [id.toUpperCase(), `${id}0`, id.slice(0, -1), ` ${id}`, `${id}\n`, '', 7])
    assert.equal(isKeyId(other), false)
})

test('a file with another kind of key, or with none, has no key', () => {
  const rsa = generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
  const { peerId } = keyOf('03'.repeat(32))
  for (const text of [
    String(rsa),
    publicPem(peerId),
    '',
    'not a key',
    '-----BEGIN PRIVATE KEY-----',
  ])
    assert.equal(SigningKey.fromPem(text), undefined)
})

test('nothing that prints a key shows it', () => {
  const secret = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9'
  const key = keyOf(secret)

  const shown = [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key)]

  for (const text of shown) {
    assert.doesNotMatch(text, new RegExp(secret.slice(0, 12)))
    assert.doesNotMatch(text, /PRIVATE/)
    assert.ok(!text.includes(key.toPem().split('\n')[1] ?? ''))
  }
})
