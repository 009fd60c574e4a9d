import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGroveError } from '../../../src/core/errors.ts'
import { publish } from '../../../src/node/publish.ts'
import { testNode } from '../../support/test-node.ts'

test('files that one directory cannot hold are refused, all named', async () => {
  await using grove = testNode()
  const { hash } = await grove.node.blobs.put(Buffer.from('x'))
  const names = ['a', 'a/b', 'c/./d', 'l'.repeat(256), 'fine.py']

  const outcome = publish(grove.node, {
    kind: 'work',
    mode: 'exploration',
    summary: 'conflicting',
    artifacts: Object.fromEntries(names.map((name) => [name, hash])),
    agent: { agentId: 'tester' },
  })

  await assert.rejects(outcome, (error) => {
    assert.ok(isGroveError(error, 'validation-error'))
    assert.deepEqual(error.details.names, ['a', 'c/./d', 'l'.repeat(256)])
    return true
  })
})
