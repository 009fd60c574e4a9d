import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holderSession } from '../../../../src/api/local/session.ts'
import { SharedGrove } from '../../../../src/api/local/shared-grove.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { withCode } from '../../../support/errors.ts'
import { testFolder } from '../../../support/folder.ts'
import { standingClock } from '../../../support/standing-clock.ts'
import { testNode } from '../../../support/test-node.ts'

const at = testFolder()

test('a call that the grove refuses is made once', async () => {
  await using grove = testNode()
  let calls = 0
  const { api } = holderSession(grove.node, async () => {})
  const fetchContribution = async () => {
    calls += 1
    return api.contribution({ cid: `blake3:${'0'.repeat(64)}` }) as never
  }
  const session = {
    ...holderSession(grove.node, async () => {}),
    api: { ...api, fetchContribution },
  }
  const shared = new SharedGrove({
    dir: at('nowhere'),
    clock: standingClock().clock,
    secret: secretHex,
    hold: async () => session,
  })

  await assert.rejects(shared.api.fetchContribution({ cid: 'x' }), withCode('not-found'))

  await shared.close()
  assert.equal(calls, 1)
})
