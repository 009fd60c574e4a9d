import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroveError } from '../../../../src/core/errors.ts'
import { SeedWatch } from '../../../../src/node/peers/seed-watch.ts'
import { silentLog } from '../../../../src/ports/log.ts'

const seed = { peerId: 'seed', address: 'http://10.0.0.5:4515' }

/** What is advised after a seed has failed so. */
function remedyAfter(error: GroveError): string {
  const remedies: unknown[] = []
  const warn = (_: string, fields: object = {}) =>
    void remedies.push(Object.entries(fields).find(([name]) => name === 'remedy')?.[1])
  new SeedWatch([seed], { ...silentLog, warn }).failed(seed, error)
  return String(remedies[0])
}

test('a seed behind a proxy that changes what is signed is told of as that', () => {
  const remedy = remedyAfter(new GroveError('refused', { ...seed, fault: 'altered' }))

  assert.match(remedy, /^a proxy there has to pass the path, the query and the headers/)
})

test('the address of a seed that refuses this grove is not doubted; that of another server is', () => {
  const refused = remedyAfter(new GroveError('refused', { ...seed }))
  const foreign = remedyAfter(new GroveError('refused', { ...seed, foreign: true }))

  assert.match(refused, /the address is right/)
  assert.match(foreign, /check the address/)
})
