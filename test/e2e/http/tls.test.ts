import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { bind, httpServer } from '../../../src/api/http/server.ts'
import { certificateOf, certificateWarning } from '../../../src/config/certificate.ts'
import { groveInfo } from '../../../src/node/read/status.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { testNode } from '../../support/test-node.ts'

const at = testFolder()
const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'no openssl here'

function newCertificate() {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'],
    ...['-keyout', at('key.pem'), '-out', at('cert.pem')],
  ])
  assert.equal(made.status, 0, String(made.stderr))
  return { cert: readFileSync(at('cert.pem')), key: readFileSync(at('key.pem')) }
}

/** A grove that speaks https, at most on so many connections at once. */
async function secureServer(connectionsMax: number) {
  const tls = newCertificate()
  const grove = testNode()
  const bound = await bind({ host: '127.0.0.1', port: 0, tls })
  const server = bound.serve(grove.node, { nextTurn, connectionsMax })
  const health = () =>
    new Promise<string>((resolve, reject) => {
      const url = `${bound.url.replace('127.0.0.1', 'localhost')}/healthz`
      get(url, { ca: tls.cert, agent: false, family: 4 }, (answer) => resolve(text(answer))).on(
        'error',
        reject,
      )
    })
  return {
    ...{ url: bound.url, port: bound.port, health },
    async [Symbol.asyncDispose]() {
      await server.close({ graceMs: 0 })
      await grove[Symbol.asyncDispose]()
    },
  }
}

test('what is wrong with a https connection is said', { skip: noOpenssl }, async () => {
  await using grove = await secureServer(8)
  const plain = httpServer(() => {}).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const { port } = plain.address() as AddressInfo
  const saidOf = async (url: string) => {
    const api = groveClient(url, systemClock)
    try {
      return await api.health({}).then(
        () => 'answered',
        (error: Error) => error.message,
      )
    } finally {
      await api.close()
    }
  }
  const said = {
    untrusted: await saidOf(grove.url),
    plain: await saidOf(`https://127.0.0.1:${port}`),
    secure: await saidOf(grove.url.replace('https:', 'http:')),
  }
  plain.close()

  assert.match(said.untrusted, /nobody whom this machine trusts .*SELF_SIGNED/)
  assert.match(said.plain, /does not speak https: write http:/)
  assert.match(said.secure, /if it speaks https, write https:/)
})

test('a certificate that ends soon is told of, and one that is over', {
  skip: noOpenssl,
}, async () => {
  newCertificate()
  const files = { tlsCert: at('cert.pem'), tlsKey: at('key.pem') }
  const { until = 0 } = (await certificateOf(files)) ?? {}
  await using grove = testNode([], { certificateUntil: until })

  assert.equal(certificateWarning(until, until - 15 * 86_400_000), undefined)
  assert.match(certificateWarning(until, until - 2 * 86_400_000) ?? '', /expires on 20/)
  assert.match(certificateWarning(until, until) ?? '', /has expired on 20/)
  assert.equal(Date.parse((await groveInfo(grove.node)).certificateUntil ?? ''), until)
})

test('a grove with a certificate speaks https', { skip: noOpenssl }, async () => {
  await using grove = await secureServer(8)

  const body = await grove.health()

  assert.match(grove.url, /^https:/)
  assert.deepEqual(JSON.parse(body), { status: 'ok' })
})

test('connections that never agree on https keep nobody out', { skip: noOpenssl }, async () => {
  await using grove = await secureServer(8)
  const silent = Array.from({ length: 12 }, () => connect(grove.port, '127.0.0.1'))
  for (const socket of silent) socket.on('error', () => {})
  await Promise.all(silent.map((socket) => once(socket, 'connect')))

  const bodies = [await grove.health(), await grove.health()]

  assert.deepEqual(bodies, ['{"status":"ok"}', '{"status":"ok"}'])
  for (const socket of silent) socket.destroy()
})

test('a connection on which https is not agreed on in time is cut', { skip: noOpenssl }, () => {
  const server = httpServer(() => {}, newCertificate())
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })

  server.emit('tlsClientError', new Error('TLS handshake timeout'), socket)

  assert.ok(socket.destroyed)
})

test('a certificate that is none is said to be', async () => {
  const tls = { cert: Buffer.from('nothing'), key: Buffer.from('nothing') }

  await assert.rejects(bind({ host: '127.0.0.1', port: 0, tls }), withCode('usage-error'))
})
