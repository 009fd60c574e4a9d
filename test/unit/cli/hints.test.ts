import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from '../../../src/cli/output/hints.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { GroveError } from '../../../src/core/errors.ts'

const cid = hashBytes(Buffer.from('work'))
const notFound = (details: object) =>
  explain(new GroveError('not-found', { cid, ...details }, { message: 'not here' }))

test('a contribution that is not here may be fetched', () => {
  assert.equal(notFound({}), `not here; \`grove fetch ${cid}\` asks other groves for it`)
})

test('for a part that a contribution does not have, no fetch is advised', () => {
  for (const part of [{ name: 'a' }, { path: 'a' }, { kind: 'review' }])
    assert.equal(notFound(part), 'not here')
  assert.match(notFound({ paths: ['a'] }), /^not here; `grove files \w{12}` lists them$/)
})
