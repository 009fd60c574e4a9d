import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairGate } from '../../../../src/api/admission/fair-gate.ts'

test('hosts take turns at a gate, and one that fails leaves its place', async () => {
  let now = 0
  const gate = new FairGate({ most: 2, now: () => now })
  const order: string[] = []
  let inside = 0
  let most = 0
  const pass = (host: string) =>
    gate.run(host, async () => {
      order.push(host)
      most = Math.max(most, ++inside)
      await undefined
      now += 1
      inside--
      if (host === 'broken') throw new Error('no')
    })

  const crowd = Array.from({ length: 20 }, () => pass('crowd'))
  const others = [pass('broken').catch(() => {}), pass('polite'), pass('polite')]
  await Promise.all([...crowd, ...others])

  assert.equal(most, 2)
  assert.equal(order.length, 23)
  assert.ok(order.lastIndexOf('polite') < 9, order.join(' '))
  await gate.run('late', async () => {})
})
