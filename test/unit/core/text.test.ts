import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareText } from '../../../src/core/text.ts'

const texts = fc.string({
  unit: fc.constantFrom('', '\0', 'a', 'b', 'ä', '\ud7ff', '\uff5e', '😀', '😁'),
})
const anyText = fc.oneof(texts, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))

test('texts are in the order of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b))

      assert.equal(Math.sign(compareText(a, b)), bytes)
    }),
  )
})
