import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { verifyManifest } from '../../../src/core/contribution/verify.ts'
import { ATTESTATION_MAX_BYTES, ATTESTATIONS_MAX } from '../../../src/core/limits.ts'
import { recordLine, recordOf } from '../../../src/core/wire/closure.ts'
import { work } from '../../support/peer.ts'

const item = work('item')
const lineOf = (text: string) => Buffer.from(text)
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

test('a record returns the exact bytes of its manifest, and its attestations', () => {
  const attestations = [{ version: 1, peerId: 'ed25519:00', sig: '…' }, { version: 7 }]

  const record = recordOf(Buffer.from(recordLine({ bytes: item.bytes, attestations })))

  assert.equal(text(record!.bytes), text(item.bytes))
  assert.deepEqual(record!.attestations, attestations)
  assert.equal(verifyManifest(record!.bytes, item.cid, record!.attestations).attestations.length, 2)
})

test('a record is canonical JSON, and has the same parts when it is just parsed', () => {
  const attestations = [{ version: 1, a: [null, 'é'] }]
  const line = recordLine({ bytes: item.bytes, attestations })

  const parsed = JSON.parse(text(line))

  assert.equal(text(canonicalBytes(parsed)), text(line))
  assert.deepEqual(parsed, { attestations, manifest: item.manifest, size: item.bytes.byteLength })
})

test('no text in an attestation or a manifest shifts where the manifest begins', () => {
  const hostile = [
    ',"manifest":{},"size":2}',
    '],"manifest":{}',
    '{"attestations":[]',
    '"}]',
    ',"size":2}',
  ]
  const nested = { attestations: [], manifest: {}, size: 2 }
  const attestations = [{ version: 1, ...nested }, ...hostile.map((said) => ({ version: 1, said }))]
  const bytes = work('hostile', { tags: hostile, context: { nested } }).bytes

  const record = recordOf(Buffer.from(recordLine({ bytes, attestations })))

  assert.equal(hashBytes(record!.bytes), hashBytes(bytes))
  assert.deepEqual(record!.attestations, attestations)
})

test('any attestations and bytes survive being written and read', () => {
  const attestation = fc
    .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 })
    .map((fields) => ({ ...fields, version: 1 }))
    .filter((value) => {
      try {
        return canonicalBytes(value).byteLength <= ATTESTATION_MAX_BYTES
      } catch {
        return false
      }
    })
  fc.assert(
    fc.property(fc.array(attestation, { maxLength: 4 }), fc.uint8Array(), (attestations, bytes) => {
      const record = recordOf(Buffer.from(recordLine({ bytes, attestations })))

      assert.deepEqual(Buffer.from(record!.bytes), Buffer.from(bytes))
      assert.equal(
        JSON.stringify(record!.attestations),
        JSON.stringify(JSON.parse(text(canonicalBytes(attestations)))),
      )
    }),
  )
})

const { byteLength: size } = item.bytes
const manifest = text(item.bytes)
for (const [what, line] of [
  ['a bare manifest', manifest],
  ['a size that is too small', `{"attestations":[],"manifest":${manifest},"size":${size - 1}}`],
  ['a size that is too large', `{"attestations":[],"manifest":${manifest},"size":${size + 1}}`],
  ['a size beyond the line', `{"attestations":[],"manifest":${manifest},"size":9999999}`],
  ['a size that is none', `{"attestations":[],"manifest":${manifest},"size":-${size}}`],
  ['something after it', `{"attestations":[],"manifest":${manifest},"size":${size}} `],
  ['attestations that are no list', `{"attestations":{},"manifest":${manifest},"size":${size}}`],
  ['attestations that are no JSON', `{"attestations":[,"manifest":${manifest},"size":${size}}`],
  ['another order', `{"manifest":${manifest},"attestations":[],"size":${size}}`],
  [
    'an attestation without a version',
    `{"attestations":[{}],"manifest":${manifest},"size":${size}}`,
  ],
  [
    'too many attestations',
    text(recordLine({ ...item, attestations: Array(ATTESTATIONS_MAX + 1).fill({ version: 1 }) })),
  ],
  [
    'too large an attestation',
    text(
      recordLine({ ...item, attestations: [{ version: 1, x: 'x'.repeat(ATTESTATION_MAX_BYTES) }] }),
    ),
  ],
  ['nothing', ''],
] as const) {
  test(`a line with ${what} is not a record`, () => {
    assert.equal(recordOf(lineOf(line)), undefined)
  })
}
