import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { metricsOf } from '../../../src/api/http/metrics.ts'
import { testNode } from '../../support/test-node.ts'

const page = join(import.meta.dirname, '../../../docs/OPERATIONS.md')

test('the page for operators has each metric, and no other', async () => {
  await using grove = testNode()
  const { body } = await metricsOf(grove.node, new AbortController().signal).render()
  const made = [...body.matchAll(/^# TYPE (grove_\w+) /gm)].map(([, name]) => name)

  const told = [...readFileSync(page, 'utf8').matchAll(/^\| `(grove_\w+)` \|/gm)]

  assert.deepEqual(told.map(([, name]) => name).toSorted(), made.toSorted())
})
