import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  includes,
  isTokenOf,
  makeToken,
  TOKEN_BYTES,
  tokenId,
} from '../../../../src/core/identity/token.ts'

const terms = { scope: 'publish', name: 'laptop', createdAt: 1_000 } as const
const { token, record } = makeToken(new Uint8Array(TOKEN_BYTES).fill(9), terms)

test('a scope includes itself and those before it', () => {
  const answers = (['read', 'publish', 'operate'] as const).map((wanted) =>
    includes(terms.scope, wanted),
  )

  assert.deepEqual(answers, [true, true, false])
})

test('a token is nobody else’s, and nothing else is a token', () => {
  const other = makeToken(new Uint8Array(TOKEN_BYTES).fill(8), terms)

  assert.ok(isTokenOf(token, record))
  assert.equal(isTokenOf(token, other.record), false)
  assert.equal(isTokenOf(token, undefined), false)
  for (const guess of ['', 'grove', `${token}x`, token.slice(0, -1), `${token.slice(0, -1)}_`])
    assert.equal(isTokenOf(guess, record), false, guess)
})

test('what is kept of a token does not tell it', () => {
  const kept = JSON.stringify(record)

  assert.equal(tokenId(token), record.id)
  assert.ok(!kept.includes(token.slice('grove_000000000000_'.length)))
  assert.equal(tokenId('nothing'), undefined)
})

test('a token is that of the vectors', () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { token: recorded } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly token: { readonly randomHex: string; readonly token: string; readonly record: object }
  }
  const { randomHex, ...made } = recorded
  const createdAt = Date.parse('2026-03-01T12:00:00.000Z')

  assert.deepEqual(
    makeToken(Buffer.from(randomHex, 'hex'), { scope: 'read', name: 'n', createdAt }),
    made,
  )
})
