import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/runtime/clock.ts'
import { secretHex } from '../../../src/runtime/secret.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import type { CarriedRequest } from '../../../src/transport/dialler.ts'
import { keyOf, Places, signedGrove } from '../../support/signed-groves.ts'

/** A grove at http://10.0.0.<n>:4515, and one that is asked to dial. */
function asked(places: Places, allowPrivate = true) {
  const dialled: string[] = []
  const { carrier } = places
  const request = (asking: CarriedRequest) => {
    dialled.push(asking.origin)
    return carrier.request(asking)
  }
  const transport = httpTransport({
    ...{ allowPrivate, clock: systemClock, carrier: { ...carrier, request } },
    signing: { key: keyOf(9), nonce: () => secretHex(16) },
  })
  return { transport, dialled }
}

test('a grove is reached where its own key answers, by who calls from there', async () => {
  const places = new Places()
  await using grove = signedGrove(places, { n: 1, admission: 'open' })
  const { transport } = asked(places)
  const wrong = { ...grove.self, peerId: keyOf(2).peerId }

  assert.equal(await transport.reaches(grove.self, '10.0.0.1'), true)
  assert.equal(await transport.reaches(wrong, '10.0.0.1'), false)
})

test('nobody has a grove look around in its own network', async () => {
  const places = new Places()
  await using grove = signedGrove(places, { n: 1, admission: 'open' })
  const { transport, dialled } = asked(places)
  const at = (address: string) =>
    transport.reaches({ peerId: grove.key.peerId, address }, '203.0.113.7')

  assert.equal(await at(grove.self.address), false)
  for (const address of ['http://127.0.0.1:4515', 'http://localhost:22', 'http://[fd00::1]:80'])
    assert.equal(await at(address), false, address)
  assert.equal(await at('http://0000000000000000000000000000000a.invalid'), false)
  assert.equal(await asked(places, false).transport.reaches(grove.self, '10.0.0.1'), false)
  assert.deepEqual(dialled, [])
})
