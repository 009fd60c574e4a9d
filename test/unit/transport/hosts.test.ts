import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostMap } from '../../../src/transport/hosts.ts'

const strict = () => new HostMap({ allowPrivate: false })
const lenient = () => new HostMap({ allowPrivate: true })

test('all addresses of one host have one key: ports, paths, and IPv6 within a /64', () => {
  const hosts = strict()

  assert.equal(hosts.keyOf('http://8.8.8.8:1/a'), hosts.keyOf('https://8.8.8.8'))
  assert.notEqual(hosts.keyOf('http://8.8.8.8'), hosts.keyOf('http://8.8.8.9'))
  assert.equal(hosts.keyOf('http://[2a00:1:2:3::1]'), hosts.keyOf('http://[2a00:1:2:3:ffff::]'))
  assert.notEqual(hosts.keyOf('http://[2a00:1:2:3::1]'), hosts.keyOf('http://[2a00:1:2:4::1]'))
  assert.equal(hosts.keyOf('http://[::ffff:8.8.8.8]'), '8.8.8.8')
})

test('hosts of one network have one prefix', () => {
  const hosts = strict()

  assert.equal(hosts.prefixOf('http://8.8.8.8'), hosts.prefixOf('http://8.8.8.9'))
  assert.notEqual(hosts.prefixOf('http://8.8.8.8'), hosts.prefixOf('http://8.8.9.8'))
  assert.equal(hosts.prefixOf('http://[2a00:1:2:3::1]'), hosts.prefixOf('http://[2a00:1:2:4::1]'))
  assert.equal(hosts.prefixOf('http://grove.example'), undefined)
})

test('a name is a host of its own until it has answered, then the host that answered', () => {
  const hosts = strict()

  assert.notEqual(hosts.keyOf('http://a.example'), hosts.keyOf('http://b.example'))

  hosts.resolved('a.example', ['8.8.8.8', '2a00:1:2:3::1'])
  hosts.reached('a.example', '2a00:1:2:3::1')
  hosts.resolved('b.example', ['8.8.8.8'])

  assert.equal(hosts.keyOf('http://a.example:1'), hosts.keyOf('http://[2a00:1:2:3::2]'))
  assert.equal(hosts.keyOf('http://b.example:1'), '8.8.8.8')
})

test('hosts are not told apart on loopback, on allowed private networks, on the own host', () => {
  const own = new HostMap({ allowPrivate: false, own: 'https://8.8.8.8:4515' })

  for (const address of ['http://127.0.0.1:1', 'http://localhost', 'http://10.0.0.5'])
    assert.equal(lenient().keyOf(address), undefined)
  assert.equal(own.keyOf('http://8.8.8.8:4516'), undefined)
  assert.equal(own.keyOf('http://8.8.8.9:4516'), '8.8.8.9')
  assert.equal(lenient().keyOf('http://8.8.8.8'), '8.8.8.8')
})

test('a connection comes from the host of an address if its IP address is one of it', () => {
  const hosts = lenient()
  hosts.resolved('a.example', ['8.8.8.8', '2a00:1:2:3::1'])

  assert.ok(hosts.sameHost('http://8.8.8.8:4515', '::ffff:8.8.8.8'))
  assert.ok(hosts.sameHost('http://10.0.0.5:4515', '10.0.0.5'))
  assert.ok(hosts.sameHost('http://a.example', '2a00:1:2:3:4::'))
  assert.ok(hosts.sameHost('http://127.0.0.1:1', '::1'))
  assert.ok(hosts.sameHost('http://localhost:1', '127.0.0.1'))

  assert.ok(!hosts.sameHost('http://8.8.8.8:4515', '8.8.8.9'))
  assert.ok(!hosts.sameHost('http://10.0.0.5:4515', '10.0.0.6'))
  assert.ok(!hosts.sameHost('http://b.example', '8.8.8.8'))
  assert.ok(!hosts.sameHost('http://8.8.8.8:4515', undefined))
})

test('what a translator makes of an IPv4 address is the host of that address', () => {
  const hosts = new HostMap({ allowPrivate: false })

  assert.equal(hosts.keyOf('http://[64:ff9b::808:808]:4515'), hosts.keyOf('http://8.8.8.8'))
  assert.notEqual(
    hosts.keyOf('http://[64:ff9b::808:808]'),
    hosts.keyOf('http://[64:ff9b::808:809]'),
  )
})
