import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { json } from '../../../src/api/operations/operation.ts'
import { inputForms, readQuery, writeQuery } from '../../../src/api/schema/query.ts'
import { cidSchema, jsonObjectSchema } from '../../../src/core/contribution/schema.ts'
import { isGroveError } from '../../../src/core/errors.ts'

const operation = json({
  name: 'example',
  group: 'grove',
  summary: 'Be an example',
  http: { method: 'GET', path: '/api/example/:cid' },
  input: z.strictObject({
    cid: cidSchema,
    text: z.string().optional(),
    limit: z.number().int().min(1).optional(),
    tags: z.array(z.string()).optional(),
    context: jsonObjectSchema.optional(),
    deep: z.boolean().optional(),
  }),
  output: z.object({}),
  run: async () => ({}),
})
const forms = inputForms(operation)

test('what is in the path is not in the query', () => {
  assert.deepEqual(forms.path, ['cid'])
  assert.deepEqual([...forms.query.keys()], ['text', 'limit', 'tags', 'context', 'deep'])
})

test('what a client writes a server reads back', () => {
  const input = {
    text: '12',
    limit: 5,
    tags: ['a', 'b c'],
    context: { seed: 1, x: ['&='] },
    deep: false,
  }

  const query = writeQuery(input, forms)

  assert.deepEqual(readQuery(query.slice(1), forms), input)
})

test('nothing given is no query at all', () => {
  assert.equal(writeQuery({ cid: 'x' }, forms), '')
  assert.deepEqual(readQuery('', forms), {})
})

test('what does not read as its form stays text, for the schema to refuse', () => {
  assert.deepEqual(readQuery('limit=many&deep=maybe&context={', forms), {
    limit: 'many',
    deep: 'maybe',
    context: '{',
  })
  assert.deepEqual(readQuery('limit=&limits=0x10', forms), { limit: '', limits: '0x10' })
})

test('a list may be repeated, other parameters may not', () => {
  assert.deepEqual(readQuery('tags=a&tags=b,c', forms), { tags: ['a', 'b', 'c'] })
  assert.throws(
    () => readQuery('limit=1&limit=2', forms),
    (error) => isGroveError(error, 'validation-error'),
  )
})
