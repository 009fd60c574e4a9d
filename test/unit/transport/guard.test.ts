import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { test } from 'node:test'
import { parseEndpoint } from '../../../src/core/peers/endpoint.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { checkUrl, guardedLookup } from '../../../src/transport/guard.ts'
import { withCode } from '../../support/errors.ts'
import { startPeer, work } from '../../support/peer.ts'

const strict = { allowPrivate: false }
const item = work('item')
const untold = { resolved() {} }

/** Addresses of this machine, or of its network, as everybody writes them. */
const plain = [
  ...['http://localhost:1', 'http://LOCALHOST', 'http://localhost.', 'http://grove.localhost'],
  ...['HTTP://127.0.0.1', 'http://127.0.0.1:80', 'https://[::1]', 'http://[::1]:80'],
  ...['http://[::ffff:7f00:1]/', 'http://[64:ff9b::7f00:1]', 'http://[2002:7f00:1::]'],
]
/** The same as nobody writes them. */
const odd = [
  ...['http://%6c%6f%63alhost/', 'http://ｌｏｃａｌｈｏｓｔ/', 'http://loc\talhost/'],
  ...['http://2130706433/', 'http://017700000001/', 'http://0x7f000001/', 'http://0x7F.1/'],
  ...['http://127.1/', 'http://127.0.1', 'http://0177.0.0.01', 'http://127.0.0.1.', 'http://0/'],
  ...['http://１２７.０.０.１/', 'http://127。0。0。1/', 'http://①②⑦.0.0.1/', 'http://10.1'],
  ...['http:127.0.0.1', 'http:/127.0.0.1', 'http:\\\\127.0.0.1', ' http://127.0.0.1'],
  ...['http://192.168.0.1:00080', 'http://[0:0:0:0:0:0:0:1]', 'http://[::ffff:0:127.0.0.1]/'],
]
/** What is no address to dial, wherever it leads. */
const never = [
  ...['', 'not an address', 'grove.example', '//grove.example', 'ftp://grove.example'],
  ...['file:///etc/passwd', 'http://', 'http:///', 'http://[fe80::1%25eth0]/', 'http://[::1'],
  ...['http://user:secret@grove.example', 'http://user@8.8.8.8', 'http://:secret@grove.example'],
  ...['http://8.8.8.8@127.0.0.1', 'http://grove.example/?x=1', 'http://grove.example/#x'],
  ...['http://grove.example:0', 'http://grove.example:65536', 'http://grove.example:-1'],
  ...['http://grove.example:8a', 'http://8.8.8.8.8', 'http://256.1.1.1', 'http://a b/'],
  ...['http://grove.example\0.evil/', 'ws://grove.example', 'javascript:alert(1)'],
]

test('a place on this machine is refused in whatever way it is written', () => {
  for (const address of [...plain, ...odd])
    assert.throws(() => checkUrl(address, strict), withCode('address-refused'), address)
})

test('what is no address is refused, also where private ones are allowed', () => {
  for (const address of never)
    assert.throws(
      () => checkUrl(address, { allowPrivate: true }),
      withCode('address-refused'),
      address,
    )
})

test('an address counts as one only if it is written as everybody writes it', () => {
  for (const address of plain) assert.ok(parseEndpoint(address), address)
  for (const address of odd) assert.equal(parseEndpoint(address), undefined, address)
})

test('other ports and paths may be dialled', () => {
  for (const address of ['http://8.8.8.8:1', 'https://grove.example:65535/a/b', 'http://a:022'])
    assert.ok(checkUrl(address, strict).hostname !== '')
})

test('the error about an address does not repeat its password', () => {
  assert.throws(
    () => checkUrl('http://user:secret@example.org', strict),
    (error: Error) => !JSON.stringify([error.message, error]).includes('secret'),
  )
})

test('a private address is accepted if the operator allows it', () => {
  assert.equal(checkUrl('http://127.0.0.1:4515', { allowPrivate: true }).port, '4515')
})

/** What a name means to the guard, of all that it means. */
function lookedUp(all: readonly string[], options: { all?: boolean } = { all: true }) {
  const told: string[][] = []
  const answers = all.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const lookup = guardedLookup(
    strict,
    { resolved: (_, ips) => void told.push([...ips]) },
    (_, __, callback) => callback(null, answers),
  )
  return new Promise<{ found: unknown; told: string[][] }>((resolve, reject) =>
    lookup('grove.example', options, (error, found) =>
      error === null ? resolve({ found, told }) : reject(error),
    ),
  )
}

test('of a name with several addresses, the allowed ones are dialled and no other', async () => {
  const all = ['127.0.0.1', '8.8.8.8', '::ffff:10.0.0.1', '2606:4700::1111', 'fe80::1%eth0']

  const { found, told } = await lookedUp(all)

  const addresses = (found as LookupAddress[]).map(({ address }) => address)
  assert.deepEqual(addresses, ['8.8.8.8', '2606:4700::1111'])
  assert.deepEqual(told, [addresses])
  assert.equal((await lookedUp(all, {})).found, '8.8.8.8')
})

test('a name with private addresses only is refused at its look-up', async () => {
  for (const all of [['127.0.0.1'], ['10.0.0.1', '::1'], ['64:ff9b::7f00:1'], []])
    await assert.rejects(lookedUp(all), withCode('address-refused'))
  const ofSystem = guardedLookup(strict, untold)
  const error = await new Promise((resolve) => ofSystem('localhost', { all: true }, resolve))
  assert.equal((error as { code?: string }).code, 'address-refused')
})

test('the address that was checked is dialled, whatever the name means afterwards', async () => {
  await using peer = await startPeer('peer', { contributions: [item] })
  const asked: string[] = []
  const transport = httpTransport({
    allowPrivate: true,
    clock: systemClock,
    lookup(name, _, callback) {
      // A second look-up would lead to another machine.
      const address = asked.push(name) === 1 ? '127.0.0.1' : '127.0.0.2'
      callback(null, [{ address, family: 4 }])
    },
  })
  const address = peer.address.replace('127.0.0.1', 'grove.internal')

  assert.ok(await transport.holds({ peerId: 'peer', address }, item.cid))

  assert.deepEqual(asked, ['grove.internal'])
  await transport.close()
})
