import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { allOperations, operations } from '../../../src/api/operations/table.ts'
import { parseInput } from '../../../src/api/schema/parse.ts'
import { draftSchema } from '../../../src/core/contribution/schema.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { issuesText, readAs } from '../../../src/core/issues.ts'
import { withCode } from '../../support/errors.ts'

/** The wording of zod's own messages. */
const FOREIGN = /Invalid|expected|received|Too (small|big)|Unrecognized|>=|<=/

function told(schema: z.ZodType, value: unknown): string {
  const result = readAs(schema, value)
  return result.success ? '' : issuesText(result.error.issues)
}

test('what is wrong with a draft is told in words of our own', () => {
  assert.equal(
    told(draftSchema, { kind: 'nonsense', mode: 'evaluation', summary: '', agent: 7, extra: 1 }),
    'kind: must be one of work, review, discussion, adoption, reproduction, plan, ask_user, ' +
      'response; summary: must have at least 1 character; agent: must be an object; ' +
      'has an unknown member: extra',
  )
  assert.match(
    told(draftSchema, {}),
    /^kind: is missing: must be one of .*summary: is missing; agent: is missing$/,
  )
})

test('a text that is too long is told with its length', () => {
  assert.equal(
    told(z.object({ summary: z.string().max(3) }), { summary: 'four' }),
    'summary: must have at most 3 characters, and has 4',
  )
})

test('numbers, lists, moments and choices have words, too', () => {
  const schema = z.object({
    limit: z.number().int().max(10),
    at: z.iso.datetime(),
    tags: z.array(z.string()).max(1),
    either: z.union([z.literal('a'), z.number()]),
  })

  assert.equal(
    told(schema, { limit: 1.5, at: 'today', tags: ['a', 'b'], either: 'c' }),
    'limit: must be a whole number; at: must be a moment such as 2026-03-01T09:30:00Z; ' +
      'tags: must have at most 1 entry; either: has none of the forms that are allowed',
  )
  assert.equal(told(schema.shape.limit, 11), 'must be at most 10')
})

test("no operation refuses an input in the schema library's words", () => {
  const wrong = [undefined, 7, {}, { cid: 7, limit: 'many', q: [], hashes: 7, unknown: 1 }]
  for (const { name, input } of allOperations)
    for (const value of wrong)
      try {
        parseInput(input, value)
      } catch (error) {
        assert.ok(isGroveError(error))
        assert.doesNotMatch(error.message, FOREIGN, name)
        assert.doesNotMatch(JSON.stringify(error.details), /Invalid input|Too small/, name)
      }
})

test('an unknown member names the one that was meant, as far as there is one', () => {
  const schema = z.strictObject({ targetCid: z.string().optional(), peers: z.string().optional() })

  for (const [given, meant] of [
    ['cid', 'targetCid'],
    ['peerz', 'peers'],
    ['preers', 'peers'],
    ['Peers', 'peers'],
  ] as const)
    assert.equal(
      told(schema, { [given]: 'x' }),
      `has an unknown member: ${given} (did you mean ${meant}?)`,
    )
  assert.equal(told(schema, { other: 'x' }), 'has an unknown member: other')
})

test('a name of an artifact that is none is told in words of our own', () => {
  const hash = `blake3:${'0'.repeat(64)}`
  const draft = { kind: 'work', mode: 'evaluation', summary: 'x', agent: { agentId: 'a' } }

  assert.doesNotMatch(told(draftSchema, { ...draft, artifacts: { '../a': hash } }), FOREIGN)
})

test('an id that is cut short, in a path of HTTP, says who completes it', () => {
  assert.throws(
    () => parseInput(operations.contribution.input, { cid: 'eab7' }),
    withCode('cid-invalid', 'GET /api/resolve/eab7'),
  )
})

test('an id that is no text is refused as other members are', () => {
  const { input } = operations.closure
  const cid = { toString: 1, valueOf: 1 }

  assert.throws(() => parseInput(input, { cid }), withCode('validation-error', 'cid'))
})

test('a value with a strange length is refused where a text or a list is meant', () => {
  const strange = { length: { toString: 1, valueOf: 1 } }
  for (const schema of [
    z.string().max(3),
    z.array(z.string()).min(1),
    z.record(z.string(), z.string().max(1)),
  ])
    for (const value of [strange, { a: strange }])
      assert.throws(() => parseInput(schema, value), withCode('validation-error'))
})
