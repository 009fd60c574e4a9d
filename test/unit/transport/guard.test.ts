import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUrl, guardedLookup, isPublic } from '../../../src/transport/guard.ts'
import { Lookups } from '../../../src/transport/lookups.ts'

const strict = { allowPrivate: false }
const refused = { code: 'address-refused' }

for (const ip of [
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '198.18.0.1',
]) {
  test(`the IPv4 address ${ip} is not public`, () => assert.equal(isPublic(ip), false))
}
for (const ip of [
  '::1',
  '::',
  'fe80::1',
  'fd12::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:0:1::',
  '::7f00:1',
]) {
  test(`the IPv6 address ${ip} is not public`, () => assert.equal(isPublic(ip), false))
}
for (const ip of [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00:1450:4001::1',
]) {
  test(`the address ${ip} is public`, () => assert.equal(isPublic(ip), true))
}

for (const address of [
  'ftp://example.org',
  'file:///etc/passwd',
  'not an address',
  'http://user:secret@example.org',
  'http://example.org/?x=1',
  'http://localhost:1',
  'http://grove.localhost',
  'http://[::1]:80',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::ffff:7f00:1]/',
  'http://[::ffff:0:127.0.0.1]/',
]) {
  test(`the address ${address} is refused`, () =>
    assert.throws(() => checkUrl(address, strict), refused))
}

test('the error about an address does not repeat its password', () => {
  assert.throws(
    () => checkUrl('http://user:secret@example.org', strict),
    (error: Error) => !JSON.stringify([error.message, error]).includes('secret'),
  )
})

test('a private address is accepted if the operator allows it', () => {
  assert.equal(checkUrl('http://127.0.0.1:4515', { allowPrivate: true }).port, '4515')
})

test('a name that resolves to this machine is refused at its lookup', async () => {
  const lookups = new Lookups({ isGiven: () => false })
  const error = await new Promise((resolve) =>
    guardedLookup(strict, { resolved() {} }, lookups)('localhost', { all: true }, resolve),
  )

  assert.equal((error as { code?: string }).code, 'address-refused')
})
