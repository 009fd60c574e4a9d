import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { json } from '../../../src/api/operations/operation.ts'
import { inputForms, readQuery, writeQuery } from '../../../src/api/schema/query.ts'
import { cidSchema, jsonObjectSchema } from '../../../src/core/contribution/schema.ts'
import { withCode } from '../../support/errors.ts'

const operation = json({
  name: 'example',
  group: 'grove',
  summary: 'Be an example',
  access: 'read',
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

test('members in the path are not in the query', () => {
  assert.deepEqual(forms.path, ['cid'])
  assert.deepEqual([...forms.query.keys()], ['text', 'limit', 'tags', 'context', 'deep'])
})

test('the server reads what the client writes', () => {
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

test('an empty input has no query', () => {
  assert.equal(writeQuery({ cid: 'x' }, forms), '')
  assert.deepEqual(readQuery('', forms), {})
})

test('a value that does not parse stays text, which the schema refuses', () => {
  assert.deepEqual(readQuery('limit=many&deep=maybe&context={', forms), {
    limit: 'many',
    deep: 'maybe',
    context: '{',
  })
  assert.deepEqual(readQuery('limit=&limits=0x10', forms), { limit: '', limits: '0x10' })
})

test('only list parameters may be repeated', () => {
  assert.deepEqual(readQuery('tags=a&tags=b,c', forms), { tags: ['a', 'b', 'c'] })
  assert.throws(() => readQuery('limit=1&limit=2', forms), withCode('validation-error'))
})

test('a tag with a comma, or an empty one, is a parameter of its own', () => {
  for (const tags of [['x,y'], ['a', ','], ['']]) {
    const query = writeQuery({ tags }, forms)

    assert.deepEqual(readQuery(query.slice(1), forms), { tags }, query)
  }
  assert.deepEqual(readQuery('tag=x,y&tags=a,b&tag=c', forms), { tags: ['x,y', 'a', 'b', 'c'] })
})

test('tags that every version can read are written so that every version can', () => {
  assert.equal(writeQuery({ tags: ['a', 'b c'] }, forms), '?tags=a%2Cb+c')
})
