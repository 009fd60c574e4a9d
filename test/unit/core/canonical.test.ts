import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  canonicalBytes,
  canonicalSteps,
  canonicalText,
  isJsonObject,
  jsonEqual,
  MAX_JSON_DEPTH,
} from '../../../src/core/canonical.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { parseExactJson } from '../../../src/core/exact-json.ts'
import { withCode } from '../../support/errors.ts'

const isInvalid = withCode('manifest-invalid')

test('keys are sorted by UTF-16 code units and white space is left out', () => {
  // RFC 8785, section 3.2.3.
  const value = {
    '\u20ac': 1,
    '\r': 2,
    '\ufb33': 3,
    '1': 4,
    '\u{1f600}': 5,
    '\u0080': 6,
    '\u00f6': 7,
  }

  assert.equal(
    canonicalText(value),
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
  )
})

test('numbers are written as ECMAScript writes them', () => {
  // RFC 8785, appendix B, and section 3.2.2.
  const numbers: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e23, '1e+23'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.3333333, '333333333.3333333'],
  ]

  for (const [number, text] of numbers) assert.equal(canonicalText([number]), `[${text}]`)
})

test('strings have only the escapes that they need', () => {
  const text = canonicalText('\u20ac$\u000f\nA\'B"\\\\"/\u2028\u007f')

  assert.equal(text, '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028\u007f"')
})

test('values that JSON cannot express are refused', () => {
  const circular: unknown[] = []
  circular.push(circular)
  const refused = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    { '\udc00': 1 },
    undefined,
    [undefined],
    1n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Map([[1, 2]]),
    circular,
    JSON.parse('{"__proto__":1}'),
  ]

  for (const value of refused) assert.throws(() => canonicalText(value), isInvalid)
})

test('a key without a value is left out', () => {
  assert.equal(canonicalText({ b: undefined, a: null }), '{"a":null}')
})

test('nesting is accepted up to its limit', () => {
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown

  assert.doesNotThrow(() => canonicalText(nested(MAX_JSON_DEPTH)))
  assert.throws(() => canonicalText(nested(MAX_JSON_DEPTH + 2)), isInvalid)
  assert.throws(() => canonicalText(nested(100_000)), isInvalid)
})

test('canonical text parses to its value, and is its own canonical text', () => {
  const wellFormed = fc
    .jsonValue({ depthSize: 'medium' })
    .filter((value) => JSON.stringify(value).isWellFormed())
  fc.assert(
    fc.property(wellFormed, (value) => {
      const hasPrototypeKey = JSON.stringify(value).includes('__proto__')
      fc.pre(!hasPrototypeKey && !JSON.stringify(value).includes('\\ud'))
      const text = canonicalText(value)

      assert.equal(canonicalText(JSON.parse(text)), text)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      assert.equal(Buffer.from(canonicalBytes(value)).toString(), text)
    }),
  )
})

test('JSON values are equal regardless of the order of their keys', () => {
  assert.ok(jsonEqual({ a: [1, { b: 2, c: 3 }] }, { a: [1, { c: 3, b: 2 }] }))
  assert.ok(!jsonEqual([1, 2], [2, 1]))
  assert.ok(!jsonEqual(1, '1'))
  assert.ok(!jsonEqual(null, {}))
})

test('only an object is a JSON object', () => {
  assert.deepEqual([{}, { a: 1 }, [], null, 'x', 1].map(isJsonObject), [
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test('numbers that JSON would change are refused, with their path and what to do', () => {
  const refusals = {
    '{"context":{"runs":[{"seed":6687881544318117707}]}}': 'context.runs.0.seed',
    '{"a":[1,-9007199254740993]}': 'a.1',
    '{"tiny":1e-400}': 'tiny',
    '{"tiny":-0.00000000000000001e-320}': 'tiny',
    '{"huge":1e400}': 'huge',
    '[100000000000000000000001]': '0',
    '6687881544318117707': '',
    [`{"tiny":0.${'0'.repeat(330)}1}`]: 'tiny',
    [`{"huge":${'9'.repeat(310)}.5}`]: 'huge',
  }

  for (const [text, path] of Object.entries(refusals))
    assert.throws(
      () => parseExactJson(text),
      (error: unknown) =>
        isGroveError(error, 'validation-error') &&
        error.details.path === path &&
        /write it as a string/.test(error.message),
      text,
    )
})

test('numbers that stay the same are taken', () => {
  const kept = [
    '{"a":9007199254740991,"b":-9007199254740992,"c":0.1,"d":0.30000000000000004}',
    '{"zero":[0,-0,0.0,0e5,0.000e-999,-0e400],"rounded":0.12345678901234567890123}',
    '{"text":"6687881544318117707 1e-400","id":"1e400"}',
    '[1e21,1e22,100000000000000000000,5e-324,1.7976931348623157e308]',
    `[0.${'0'.repeat(300)}1,0.${'1'.repeat(400)},1234567890123456789.5]`,
  ]

  for (const text of kept) assert.deepEqual(parseExactJson(text), JSON.parse(text))
})

test('what canonical JSON writes is always taken', () => {
  const numbers = [2 ** 53, 2 ** 60, 2 ** 64, 1e21, 1.5e22, 1e23, 2 ** 1000, Number.MAX_VALUE]

  for (const number of numbers)
    assert.equal(parseExactJson(`[${canonicalText(number)}]`)?.toString(), String(number))
})

test('text that is no JSON is a syntax error', () => {
  assert.throws(() => parseExactJson('{"a":1e5'), SyntaxError)
})

test('many members are written in steps, on whatever level, and with the same result', () => {
  let read = 0
  const members = (count: number) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
          `member-${n}`,
          { enumerable: true, get: () => ++read && n },
        ]),
      ),
    )
  const value = { context: [{ many: members(4_000) }, members(4_000)] }
  const reads: number[] = []

  const steps = canonicalSteps(value)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) {
    reads.push(read)
    read = 0
  }

  assert.ok(Math.max(...reads, read) <= 512, `${Math.max(...reads, read)} members in a step`)
  assert.equal(step.value, canonicalText(value))
})
