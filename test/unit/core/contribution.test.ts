import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { cidOf, sealDraft, viewOf } from '../../../src/core/contribution/contribution.ts'
import { countEntries } from '../../../src/core/contribution/scan.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { verifyManifest } from '../../../src/core/contribution/verify.ts'
import {
  ARTIFACT_NAME_MAX_CHARS,
  DESCRIPTION_MAX_CHARS,
  MANIFEST_MAX_BYTES,
  MANIFEST_MAX_ENTRIES,
  SUMMARY_MAX_CHARS,
} from '../../../src/core/limits.ts'
import { withCode } from '../../support/errors.ts'

const now = Date.parse('2026-03-01T12:00:00.000Z')
const hash = hashBytes(new Uint8Array())
const plain: Draft = { kind: 'work', mode: 'evaluation', summary: 'a', agent: { agentId: 'x' } }

/** Verifies a value's canonical bytes, as if they had been received. */
const reopened = (value: object | null) => {
  const bytes = canonicalBytes(value)
  return verifyManifest(bytes, hashBytes(bytes))
}

test('a draft is sealed with defaults and a date, and its bytes hash to its cid', () => {
  const sealed = sealDraft(plain, now)

  const manifest = {
    ...plain,
    manifestVersion: 1,
    artifacts: {},
    relations: [],
    tags: [],
    createdAt: '2026-03-01T12:00:00.000Z',
  }
  assert.deepEqual(sealed.manifest, manifest)
  assert.equal(hashBytes(sealed.bytes), sealed.cid)
  assert.equal(cidOf(manifest), sealed.cid)
})

test('artifacts are sealed in the order of the canonical bytes', () => {
  const [one, other] = [hashBytes(Buffer.from('1')), hashBytes(Buffer.from('2'))]

  const sealed = sealDraft({ ...plain, artifacts: { z: one, a: other } }, now)

  assert.deepEqual(Object.keys(sealed.manifest.artifacts), ['a', 'z'])
})

test('a date is sealed in UTC with milliseconds, however it was written', () => {
  const written = ['2026-03-01T14:00:00+02:00', '2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z']

  const cids = written.map((createdAt) => sealDraft({ ...plain, createdAt }, 0).cid)

  assert.equal(new Set(cids).size, 1)
})

test('a sealed contribution verifies, from its bytes and from its view', () => {
  const sealed = sealDraft(
    { ...plain, context: { b: 1, a: [null] }, scores: { m: { value: -0, direction: 'minimize' } } },
    now,
  )

  const { cid: _, ...parsed } = JSON.parse(JSON.stringify(viewOf(sealed)))

  assert.deepEqual(verifyManifest(sealed.bytes, sealed.cid).bytes, sealed.bytes)
  assert.deepEqual(
    Buffer.from(verifyManifest(canonicalBytes(parsed), sealed.cid).bytes),
    Buffer.from(sealed.bytes),
  )
})

test('bytes that do not hash to the cid are refused before any other check', () => {
  const sealed = sealDraft(plain, now)

  assert.throws(() => verifyManifest(sealed.bytes, hash), withCode('hash-mismatch'))
  assert.throws(() => verifyManifest(Buffer.from('no JSON'), hash), withCode('hash-mismatch'))
  assert.throws(
    () => verifyManifest(canonicalBytes({ ...sealed.manifest, summary: 'b' }), sealed.cid),
    withCode('hash-mismatch'),
  )
})

test('bytes that are not canonical are refused even if their hash is right', () => {
  const { bytes } = sealDraft(plain, now)
  const text = Buffer.from(bytes).toString()
  const twice = text.replace('{', '{"agent":{"agentId":"y"},')
  const wrong = [
    ` ${text}`,
    `\ufeff${text}`,
    JSON.stringify(JSON.parse(text), null, 1),
    twice,
    text.slice(1),
    '',
    '\u0000',
    '"\\u0061"',
  ]

  for (const form of [...wrong.map((form) => Buffer.from(form)), Buffer.from([0x22, 0xff, 0x22])]) {
    assert.throws(
      () => verifyManifest(form, hashBytes(form)),
      withCode('manifest-not-canonical'),
      form.toString().slice(0, 20),
    )
  }
})

test('an unknown field is refused, wherever it is', () => {
  const { manifest } = sealDraft(plain, now)

  const agent = { ...manifest.agent, nick: 'n' }
  const scores = { m: { value: 1, direction: 'minimize', note: 'n' } }
  for (const more of [{ extra: 1 }, { agent }, { scores }]) {
    assert.throws(() => reopened({ ...manifest, ...more }), withCode('manifest-unknown-field'))
    assert.throws(
      () => sealDraft({ ...plain, ...more } as Draft, now),
      withCode('manifest-unknown-field'),
    )
  }
})

test('a manifest is refused as too large before it is hashed', () => {
  const bytes = new Uint8Array(MANIFEST_MAX_BYTES + 1)
  const tags = Array.from({ length: 17 }, (_, index) => `${index}`.padEnd(64 * 1024))

  assert.throws(() => verifyManifest(bytes, hash), withCode('manifest-too-large'))
  assert.throws(() => sealDraft({ ...plain, tags }, now), withCode('manifest-too-large'))
})

test('a manifest of too many members is refused unparsed, sealed or received', () => {
  const unparsable = Buffer.from(`{"context":[${'0,'.repeat(MANIFEST_MAX_ENTRIES)}`)
  const context = (items: number) => ({ a: Array.from({ length: items }, () => 0) })
  const { manifest } = sealDraft({ ...plain, context: { a: [] } }, now)
  const most = MANIFEST_MAX_ENTRIES - countEntries(canonicalBytes(manifest), Infinity)

  assert.throws(
    () => verifyManifest(unparsable, hashBytes(unparsable)),
    withCode('manifest-too-large'),
  )
  assert.doesNotThrow(() => reopened({ ...manifest, context: context(most) }))
  assert.doesNotThrow(() => sealDraft({ ...plain, context: context(most) }, now))
  assert.throws(
    () => sealDraft({ ...plain, context: context(most + 1) }, now),
    withCode('manifest-too-large'),
  )
})

test('a received date is within the years that can be written in UTC', () => {
  const { manifest } = sealDraft(plain, now)

  for (const createdAt of ['0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59'])
    assert.throws(() => reopened({ ...manifest, createdAt }), withCode('manifest-invalid'))
})

test('artifact names that are unsafe on some system are refused', () => {
  const good = ['a', 'a/b.c', 'src/train.py', 'A-1 _x', '0', 'a'.repeat(ARTIFACT_NAME_MAX_CHARS)]
  const bad = [
    '',
    '/a',
    '../a',
    'a/../b',
    'a/..',
    'a//b',
    'a/',
    '.a',
    'a\\b',
    'a\0',
    'ä',
    ' a',
    'C:',
    'a\n',
    'a'.repeat(ARTIFACT_NAME_MAX_CHARS + 1),
  ]

  for (const name of good)
    assert.doesNotThrow(() => sealDraft({ ...plain, artifacts: { [name]: hash } }, now), name)
  for (const name of bad) {
    assert.throws(
      () => sealDraft({ ...plain, artifacts: { [name]: hash } }, now),
      withCode('manifest-invalid'),
      name,
    )
  }
})

test('each limit itself is accepted, and one more is refused', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)
  const mapOf = (count: number, value: unknown) =>
    Object.fromEntries(many(count).map((key) => [key, value]))
  const limits: [number, (size: number) => object][] = [
    [SUMMARY_MAX_CHARS, (size) => ({ summary: 'x'.repeat(size) })],
    [DESCRIPTION_MAX_CHARS, (size) => ({ description: 'x'.repeat(size) })],
    [100, (size) => ({ tags: many(size) })],
    [100, (size) => ({ scores: mapOf(size, { value: 1, direction: 'minimize' }) })],
    [1_000, (size) => ({ artifacts: mapOf(size, hash) })],
    [
      1_000,
      (size) => ({
        relations: many(size).map(() => ({ targetCid: hash, relationType: 'adopts' })),
      }),
    ],
  ]

  for (const [limit, draft] of limits) {
    assert.doesNotThrow(() => sealDraft({ ...plain, ...draft(limit) }, now))
    assert.throws(
      () => sealDraft({ ...plain, ...draft(limit + 1) }, now),
      withCode('manifest-invalid'),
    )
  }
})

test('values of a wrong form are refused', () => {
  const wrong = [
    { kind: 'poem' },
    { mode: 'other' },
    { summary: '' },
    { tags: ['a', 'a'] },
    { tags: ['a', ''] },
    { tags: ['\ud800'] },
    { agent: { agentId: '' } },
    { agent: {} },
    { createdAt: 'yesterday' },
    { createdAt: '2026-02-30T00:00:00Z' },
    { createdAt: 5 },
    { createdAt: '9999-12-31T23:59:59-23:59' },
    { createdAt: '0000-01-01T00:00:00+23:59' },
    { context: [] },
    { context: { f: () => 1 } },
    { manifestVersion: 2 },
    { scores: { m: { value: Number.NaN, direction: 'minimize' } } },
    { scores: { m: { value: 1, direction: 'up' } } },
    { artifacts: { a: 'blake3:00' } },
    { relations: [{ targetCid: hash, relationType: 'likes' }] },
  ]

  for (const part of wrong) {
    assert.throws(
      () => sealDraft({ ...plain, ...part } as Draft, now),
      withCode('manifest-invalid'),
      JSON.stringify(part),
    )
  }
  assert.throws(() => reopened(null), withCode('manifest-invalid'))
  assert.throws(
    () => reopened({ ...sealDraft(plain, now).manifest, manifestVersion: 2 }),
    withCode('manifest-invalid'),
  )
})
