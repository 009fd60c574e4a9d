import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalBytes } from '../../../../src/core/canonical.ts'
import { countEntries, membersOf } from '../../../../src/core/contribution/scan.ts'
import { work } from '../../../support/peer.ts'

/** The members and items of a value and all that is in it. */
function entriesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value)
  return inside.length + inside.reduce((sum, item) => sum + entriesOf(item), 0)
}

test('members and items are counted as parsing finds them, whatever texts and spaces hold', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, spaces) => {
      const json = Buffer.from(JSON.stringify(value, null, spaces))
      assert.equal(countEntries(json, Number.MAX_SAFE_INTEGER), entriesOf(JSON.parse(`${json}`)))
    }),
  )
  const tricky = Buffer.from('[ "a\\"[,{", "\\\\", [ ], {"]":[0, 1]} ]')
  assert.equal(countEntries(tricky, Number.MAX_SAFE_INTEGER), 7)
})

test('counting stops beyond the most, and at the end of what is no JSON', () => {
  const flat = Buffer.from(`[${'0,'.repeat(1_000)}`)

  assert.equal(countEntries(flat, 10), 11)
  for (const broken of ['', '"', '"\\', '[', '{{{', ']]'])
    assert.ok(countEntries(Buffer.from(broken), 10) <= 3, broken)
})

/** Longer than what is parsed as a whole. */
const long = 'x'.repeat(5_000)

test('some members of a manifest are what parsing all of it gives, whatever the others hold', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.string({ unit: 'grapheme' })), (value, tags) => {
      // No canonical JSON has this key.
      fc.pre(!JSON.stringify(value).includes('__proto__'))
      const all = { agent: { agentId: 'a' }, context: { value, long }, summary: '}"', tags }
      const {
        agent,
        summary,
        tags: found,
      } = membersOf(canonicalBytes(all), ['agent', 'summary', 'tags'])
      assert.deepEqual({ agent, summary, tags: found }, { agent: all.agent, summary: '}"', tags })
    }),
  )
  assert.deepEqual(
    Object.keys(membersOf(work(long.slice(0, 9), { description: long }).bytes, ['kind', 'mode'])),
    ['kind', 'mode'],
  )
})

test('a member that nobody asks for is not parsed', () => {
  const json = Buffer.from(
    `{"agent":{"agentId":"a"},"context":{"no":JSON,"long":"${long}"},"tags":[]}`,
  )

  assert.deepEqual(membersOf(json, ['agent', 'tags']), { agent: { agentId: 'a' }, tags: [] })
})
