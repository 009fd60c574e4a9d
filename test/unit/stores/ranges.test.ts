import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WrittenRanges } from '../../../src/stores/partial/ranges.ts'

const SIZE = 64
const range = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)])

test('the missing ranges are those that no range covers, in any order', () => {
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const written = new WrittenRanges(SIZE)
      for (const [start = 0, end = 0] of ranges) written.add(start, end)

      const missing = written.missing()

      const isMissing = (byte: number) =>
        !ranges.some(([start = 0, end = 0]) => start <= byte && byte < end)
      const bytes = missing.flatMap(({ start, end }) =>
        Array.from({ length: end - start + 1 }, (_, n) => start + n),
      )
      assert.deepEqual(bytes, Array.from({ length: SIZE }, (_, n) => n).filter(isMissing))
      for (const [index, { start }] of missing.entries())
        assert.ok(start > (missing[index - 1]?.end ?? -2) + 1, 'adjacent ranges are merged')
    }),
  )
})
