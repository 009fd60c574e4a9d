import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { bind } from '../../../src/api/http/server.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { testNode } from '../../support/test-node.ts'

const at = testFolder()
const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'no openssl here'

test('a grove with a certificate speaks https', { skip: noOpenssl }, async () => {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'],
    ...['-keyout', at('key.pem'), '-out', at('cert.pem')],
  ])
  assert.equal(made.status, 0, String(made.stderr))
  const [cert, key] = [readFileSync(at('cert.pem')), readFileSync(at('key.pem'))]
  await using grove = testNode()
  const bound = await bind({ host: '127.0.0.1', port: 0, tls: { cert, key } })
  const server = bound.serve(grove.node, { nextTurn })
  try {
    const body = await new Promise<string>((resolve, reject) => {
      const url = `${bound.url.replace('127.0.0.1', 'localhost')}/healthz`
      get(url, { ca: cert, agent: false, family: 4 }, (answer) => resolve(text(answer))).on(
        'error',
        reject,
      )
    })

    assert.match(bound.url, /^https:/)
    assert.deepEqual(JSON.parse(body), { status: 'ok' })
  } finally {
    await server.close({ graceMs: 0 })
  }
})

test('a certificate that is none is said to be', async () => {
  const tls = { cert: Buffer.from('nothing'), key: Buffer.from('nothing') }

  await assert.rejects(bind({ host: '127.0.0.1', port: 0, tls }), withCode('usage-error'))
})
