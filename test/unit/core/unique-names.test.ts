import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseExactJson } from '../../../src/core/exact-json.ts'
import { parseUniqueJson } from '../../../src/core/unique-names.ts'
import { withCode } from '../../support/errors.ts'

test('an object that has a name twice is refused, however the name is written', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"x":[],"y":"\\\\","x":{}}}]',
    '{"a":{"b":1},"c":[1,{"a":2}],"a":1}',
    '{"n":1e2,"n":1}',
    '{"":0,"":0}',
  ]) {
    assert.throws(() => parseUniqueJson(text), withCode('validation-error'), text)
    assert.throws(() => parseExactJson(text), withCode('validation-error'), text)
  }
  assert.throws(() => parseUniqueJson('{"a":1,"a":2}'), /the name "a" twice/)
})

test('names that objects have once are kept, and texts may look like names', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const text of [JSON.stringify(value), JSON.stringify(value, undefined, 1)])
        assert.deepEqual(parseUniqueJson(text), JSON.parse(text))
    }),
  )
  const texts = '{"a":"{\\"a\\":1,\\"a\\":2}","b":["a","a",{"a":"a"},{"a":"\\\\\\""}],"c":{"a":1}}'
  assert.deepEqual(parseUniqueJson(texts), JSON.parse(texts))
})
