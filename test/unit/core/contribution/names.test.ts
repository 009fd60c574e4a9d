import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bytesOfPath,
  escapeText,
  isName,
  isPath,
  nameOf,
  pathOf,
  pathOfBytes,
  unescapeText,
} from '../../../../src/core/contribution/names.ts'
import { artifactNameSchema } from '../../../../src/core/contribution/schema.ts'

const vectors = JSON.parse(
  readFileSync(new URL('../../../../spec/vectors/names.json', import.meta.url), 'utf8'),
) as {
  paths: { path: string; name: string; bytes?: string }[]
  namesThatMeanThemselves: string[]
  noPaths: string[]
}

/** Texts that often look escaped, or nearly so. */
const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom('-u', '-', 'x-u-', 'e9', '2d', '41', '.', '/', '_', 'a', '\udce9', '\udcc3'),
      fc.constantFrom('é', '学', '😀', ' ', '(', '\n', '0', 'u', '-ue9-', '-u2d-', 'dcc3', 'd83d'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''))
const path = tricky.filter(isPath)
const name = fc.oneof(tricky, tricky.map(escapeText)).filter(isName)

test('every path in the vectors has its recorded name, and back', () => {
  for (const { path, name, bytes } of vectors.paths) {
    assert.equal(nameOf(path), name)
    assert.equal(pathOf(name), path)
    assert.ok(isName(name) && isPath(path), path)
    if (bytes !== undefined) assert.equal(Buffer.from(bytesOfPath(path)).toString('hex'), bytes)
  }
})

test('a name that no path is escaped to means itself', () => {
  for (const name of vectors.namesThatMeanThemselves) assert.equal(pathOf(name), name)
})

test('what leads elsewhere, or is another text of the same bytes, is no path', () => {
  for (const text of vectors.noPaths) assert.equal(isPath(text), false, JSON.stringify(text))
})

test('every path comes back from its name, and 0.1 accepts the name', () => {
  fc.assert(
    fc.property(path, (path) => {
      const name = nameOf(path)

      assert.equal(pathOf(name), path)
      if (name.length <= 256) assert.ok(artifactNameSchema.safeParse(name).success, name)
    }),
    { numRuns: 2_000 },
  )
})

test('every name means a path that is written with that name, or itself', () => {
  fc.assert(
    fc.property(name, (name) => {
      const path = pathOf(name)

      assert.ok(path === name || (isPath(path) && nameOf(path) === name), `${name} → ${path}`)
    }),
    { numRuns: 2_000 },
  )
})

test('isName is the rule of the schema', () => {
  fc.assert(
    fc.property(tricky, (text) => {
      assert.equal(isName(text), artifactNameSchema.safeParse(text).success)
    }),
  )
})

test('any bytes have a text of their own', () => {
  const bytes = fc.uint8Array({ maxLength: 20 })
  const nearlyUtf8 = fc.tuple(fc.string({ unit: 'binary' }), bytes).map(([text, rest]) => {
    return Buffer.concat([Buffer.from(text), rest])
  })

  fc.assert(
    fc.property(fc.oneof(bytes, nearlyUtf8), (bytes) => {
      assert.deepEqual(Buffer.from(bytesOfPath(pathOfBytes(bytes))), Buffer.from(bytes))
    }),
  )
})

test('an escaped text comes back, whatever it holds', () => {
  const text = tricky.filter((each) => !each.includes('\0'))

  fc.assert(fc.property(text, (text) => assert.equal(unescapeText(escapeText(text)), text)))
})

test('a long run of what looks like escapes is read in linear time', () => {
  const long = '-ue9.'.repeat(20_000) + '-u66.'.repeat(20_000)

  assert.equal(unescapeText(escapeText(long)), long)
})

test('bytes that are no UTF-8 are read in linear time', { timeout: 20_000 }, () => {
  const bytes = Buffer.alloc(2_000_000, 0xff)

  assert.equal(pathOfBytes(bytes).length, bytes.length)
})
