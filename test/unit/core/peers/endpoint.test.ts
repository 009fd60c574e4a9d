import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressText, parseEndpoint, tidyAddress } from '../../../../src/core/peers/endpoint.ts'

for (const [address, text] of [
  ['http://grove.example:4515', 'http://grove.example:4515'],
  ['http://grove.example:4515//', 'http://grove.example:4515'],
  ['HTTP://Grove.Example:4515', 'http://grove.example:4515'],
  ['http://10.0.0.5:80', 'http://10.0.0.5'],
  ['https://grove.example:443/a/B/', 'https://grove.example/a/B'],
  ['http://[2001:db8::1]:4515', 'http://[2001:db8::1]:4515'],
] as const) {
  test(`the address ${address} is that of ${text}`, () => {
    const endpoint = parseEndpoint(address)

    assert.ok(endpoint)
    assert.equal(addressText(endpoint), text)
    assert.equal(tidyAddress(address), text)
  })
}

test('an endpoint has a scheme, a host, a port and a path', () =>
  assert.deepEqual(parseEndpoint('https://grove.example/a/b/'), {
    scheme: 'https',
    host: 'grove.example',
    port: 443,
    path: '/a/b',
  }))

for (const address of [
  'javascript:1',
  'ftp://grove.example',
  'grove.example:4515',
  ' http://grove.example',
  'http://grove.example ',
  'http://grove.example:99999',
  'http://127.1:1',
  'http://0x7f.1',
  'http://2130706433',
  'http://%67rove.example',
  'http://user@grove.example',
  'http://grove.example?x',
  'http://grove.example#x',
  'http://grove.example/a/../b',
  'http:/grove.example',
  'http://[::ffff:127.0.0.1]',
]) {
  test(`${JSON.stringify(address)} is no endpoint`, () => {
    assert.equal(parseEndpoint(address), undefined)
    assert.equal(tidyAddress(address), address)
  })
}
