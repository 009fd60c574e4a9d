import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { crypto, dsse } from '@sigstore/core'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { isOriginOf, signOrigins } from '../../../../src/core/identity/origin.ts'
import { originOf } from '../../../../src/core/identity/origin-text.ts'
import { attestationOf } from '../../../../src/core/identity/statement.ts'
import { publish } from '../../../../src/node/publish.ts'
import { withCode } from '../../../support/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { work } from '../../../support/peer.ts'
import { serveNode } from '../../../support/serve-node.ts'

test('an attestation is an in-toto statement that other tools verify with the public key', async () => {
  await using served = await serveNode()
  const grove = localClient(served.node)
  const { contribution } = await publish(served.node, plainDraft)
  const { cid, bytes } = contribution
  const { peerId, publicKey } = await grove.identity({})

  const envelope = await grove.attestation({ cid })

  const payload = Buffer.from(envelope.payload, 'base64')
  const [signature] = envelope.signatures
  assert.ok(signature)
  assert.equal(signature.keyid, peerId)
  const text = dsse.preAuthEncoding(envelope.payloadType, payload)
  const sig = Buffer.from(signature.sig, 'base64')
  const key = crypto.createPublicKey(publicKey)
  assert.equal(crypto.verify(text, key, sig), true)
  const otherType = dsse.preAuthEncoding('text/plain', payload)
  assert.equal(crypto.verify(otherType, key, sig), false)
  const statement = JSON.parse(payload.toString())
  assert.equal(envelope.payloadType, 'application/vnd.in-toto+json')
  assert.equal(statement._type, 'https://in-toto.io/Statement/v1')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  assert.deepEqual(statement.subject, [
    { name: cid, digest: { blake3: cid.slice('blake3:'.length), sha256 } },
  ])
  const [attested] = statement.predicate.origins
  const origin = originOf(attested)
  assert.ok(origin && isOriginOf(cid, origin))
  assert.equal(origin.peerId, peerId)
})

test('the envelope of the vectors is made from what is beside it', async () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { keys, envelope } = JSON.parse(readFileSync(file, 'utf8'))
  const key = SigningKey.fromSecret(Buffer.from(keys[0].secret, 'hex'))
  const bytes = Buffer.from(envelope.bytesUtf8)
  const cid = hashBytes(bytes)
  const origins = signOrigins(key, [cid], Date.parse('2026-03-01T12:00:00.000Z'))

  const made = attestationOf({ cid, bytes, origins })

  const sig = (await key.signDsse(made.text)).toString('base64')
  assert.deepEqual(made.envelope(key.peerId, sig), envelope.envelope)
  await assert.rejects(async () => key.signDsse(Buffer.from('grove/origin/1\n')))
})

test('what nobody has signed is not attested', async () => {
  await using served = await serveNode()
  const item = work('of an older grove')
  await served.node.contributions.put(item, { origin: 'peer', receivedAt: 1 })

  const attested = localClient(served.node).attestation({ cid: item.cid })

  await assert.rejects(attested, withCode('not-found', 'nobody has signed'))
})
