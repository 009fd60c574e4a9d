import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGroveError } from '../../../src/core/errors.ts'
import {
  enforceInvariants,
  InvariantError,
  invariant,
  mustHold,
} from '../../../src/core/invariant.ts'

test('in production a broken invariant goes unnoticed, and a costly one is not evaluated', () => {
  let looks = 0

  invariant(false, 'one and one are three')
  invariant(() => {
    looks += 1
    return false
  }, 'one and one are three')

  assert.equal(looks, 0)
})

test('a check of a whole state always throws', () => {
  assert.throws(() => mustHold(false, 'one and one are three', { sum: 2 }), {
    name: 'InvariantError',
    message: 'a bug in Grove: this must always hold: one and one are three: {"sum":2}',
  })
})

test('in tests and simulations a broken invariant throws an error that blames no peer', () => {
  enforceInvariants()

  invariant(true, 'one and one are two')
  assert.throws(
    () => invariant(() => 1 + 1 > 2, 'one and one are three'),
    (error) => error instanceof InvariantError && !isGroveError(error),
  )
})
