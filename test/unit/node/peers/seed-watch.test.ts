import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroveError } from '../../../../src/core/errors.ts'
import { SeedWatch } from '../../../../src/node/peers/seed-watch.ts'
import { silentLog } from '../../../../src/ports/log.ts'

test('a seed behind a proxy that changes what is signed is told of as that', () => {
  const seed = { peerId: 'seed', address: 'http://10.0.0.5:4515' }
  const remedies: unknown[] = []
  const warn = (_: string, fields: object = {}) =>
    void remedies.push(Object.entries(fields).find(([name]) => name === 'remedy')?.[1])
  const watch = new SeedWatch([seed], { ...silentLog, warn })

  watch.failed(seed, new GroveError('refused', { ...seed, fault: 'altered' }))

  assert.match(
    String(remedies[0]),
    /^a proxy there has to pass the path, the query and the headers/,
  )
})
