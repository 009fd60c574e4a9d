import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { proxiesAt, remoteOf } from '../../../../src/api/http/caller.ts'
import { withCode } from '../../../support/errors.ts'
import { serveNode } from '../../../support/serve-node.ts'

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

for (const [trusted, remote, forwarded, expected] of [
  [[], '127.0.0.1', '203.0.113.5', '127.0.0.1'],
  [['loopback'], '127.0.0.1', '203.0.113.5', '203.0.113.5'],
  [['loopback'], '::ffff:127.0.0.1', '203.0.113.5', '203.0.113.5'],
  [['loopback'], '::1', '2001:db8::5', '2001:db8::5'],
  [['loopback'], '127.0.0.1', '203.0.113.5:1234', '203.0.113.5'],
  [['loopback'], '127.0.0.1', '[2001:db8::5]:1234', '2001:db8::5'],
  [['loopback'], '127.0.0.1', '[2001:db8::5]', '2001:db8::5'],
  [['loopback'], '127.0.0.1', '198.51.100.1:1, 127.0.0.1:2', '198.51.100.1'],
  [['loopback'], '127.0.0.1', '203.0.113.5:', '127.0.0.1'],
  [['loopback'], '127.0.0.1', undefined, '127.0.0.1'],
  [['loopback'], '127.0.0.1', 'nonsense', '127.0.0.1'],
  [['loopback'], '127.0.0.1', '127.0.0.1, 203.0.113.5', '203.0.113.5'],
  [['loopback', '10.0.0.0/8'], '127.0.0.1', '198.51.100.1, 203.0.113.5, 10.1.2.3', '203.0.113.5'],
  [['10.0.0.1'], '10.0.0.2', '203.0.113.5', '10.0.0.2'],
] as const)
  test(`trusting [${trusted}], ${remote} with ${forwarded} comes from ${expected}`, () => {
    assert.equal(remoteOf(from(remote, forwarded), proxiesAt(trusted)), expected)
  })

test('what a trusted proxy says and is no address is told once', async () => {
  const warned: Readonly<Record<string, unknown>>[] = []
  const warn = (message: string, fields?: object) => void warned.push({ message, ...fields })
  await using grove = await serveNode(undefined, { warn }, { proxies: proxiesAt(['loopback']) })
  const ask = (hop: string) =>
    fetch(`${grove.url}/healthz`, { headers: { 'x-forwarded-for': hop } })

  for (const hop of ['', '203.0.113.5', 'unknown', '_hidden']) await ask(hop)

  assert.deepEqual(
    warned.map(({ said, proxy }) => [said, proxy]),
    [['unknown', '127.0.0.1']],
  )
})

test('a proxy is an IP address or a range of them', () => {
  for (const text of ['proxy.example', '10.0.0.0/33', '10.0.0.0/', '::/129', '1.2.3.4/8/8', ''])
    assert.throws(() => proxiesAt([text]), withCode('usage-error'), text)
})
