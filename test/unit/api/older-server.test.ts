import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orWithoutNewer } from '../../../src/api/client/older-server.ts'
import { GroveError } from '../../../src/core/errors.ts'
import { withCode } from '../../support/errors.ts'

test('what an older server does not know is asked without it, and other errors are told', async () => {
  const asked: boolean[] = []
  const ask = (code: 'validation-error' | 'busy') => async (isNewer: boolean) => {
    asked.push(isNewer)
    if (isNewer) throw new GroveError(code)
    return 'answer'
  }

  assert.equal(await orWithoutNewer(ask('validation-error')), 'answer')
  await assert.rejects(orWithoutNewer(ask('busy')), withCode('busy'))

  assert.deepEqual(asked, [true, false, true])
})
