import assert from 'node:assert/strict'
import { isKeyId, publicPem, SigningKey, VerifyingKey } from '../../../src/core/identity/ed25519.ts'
import { isOriginOf } from '../../../src/core/identity/origin.ts'
import {
  originAttestation,
  originHeader,
  originOf,
  originsIn,
  readOriginHeader,
} from '../../../src/core/identity/origin-text.ts'
import { leadsTo, rotate, rotationSchema } from '../../../src/core/identity/rotation.ts'
import {
  isTokenOf,
  makeToken,
  TOKEN_BYTES,
  tokenId,
  tokenRecordSchema,
} from '../../../src/core/identity/token.ts'
import { readAs } from '../../../src/core/issues.ts'
import { groveIdentitySchema } from '../../../src/core/wire/identity.ts'
import {
  answerKey,
  holds,
  holdsAnswer,
  requestHead,
  signAnswer,
  signRequest,
} from '../../../src/signing/http-signature.ts'
import { comesBack, json, orRefused, REFUSED, type Target, target, text } from '../lab/target.ts'
import { batch, key, otherKey, plainWork, single } from './samples.ts'

const moment = { created: 1_700_000_000, nonce: '0'.repeat(32) }
const asked = { method: 'POST', target: 'http://10.0.0.1:4515/api/gossip/exchange?a=1' }
const signed = await signRequest(key, { ...asked, body: '{}', to: otherKey.peerId }, moment)
const bare = await signRequest(key, { method: 'GET', target: 'http://h/' }, moment)
const answered = await signAnswer(
  otherKey,
  { status: 200, body: '{}' },
  { signature: signed['signature'] ?? '', created: moment.created },
)
const verifying = VerifyingKey.of(key.peerId) ?? assert.fail()
const verifyingOther = VerifyingKey.of(otherKey.peerId) ?? assert.fail()
const rotation = rotate(key, otherKey, '2026-03-01T12:00:00.000Z')
const { token, record } = makeToken(new Uint8Array(TOKEN_BYTES).fill(7), {
  scope: 'read',
  name: 'ci',
  createdAt: 1,
})

export const identityTargets: readonly Target[] = [
  text(
    'grove-origin',
    [originHeader([...single, ...batch.slice(0, 1)]), originHeader(single)],
    (header) => {
      const { origins, malformed } = readOriginHeader(header)
      const written = readOriginHeader(originHeader(origins))
      assert.deepEqual(written.origins, origins.slice(0, written.origins.length))
      assert.equal(written.malformed, 0)
      return malformed === 0 ? origins : REFUSED
    },
  ),
  json(
    'origin-attestation',
    [originAttestation(single[0] ?? assert.fail()), ...batch.slice(0, 1).map(originAttestation)],
    (value) => {
      const origin = originOf(value as never)
      if (origin === undefined) return REFUSED
      comesBack(origin, originAttestation, (said) => originsIn([said])[0])
      return isOriginOf(plainWork.cid, origin)
    },
  ),
  text('key-id', [key.peerId], (id) => {
    if (!isKeyId(id)) return REFUSED
    return VerifyingKey.of(id) !== undefined && publicPem(id)
  }),
  text('identity.pem', [key.toPem()], (pem) => {
    const read = SigningKey.fromPem(pem)
    if (read !== undefined) assert.equal(SigningKey.fromPem(read.toPem())?.peerId, read.peerId)
    return orRefused(read)
  }),
  json('rotation', [rotation], (value) => {
    const { data } = readAs(rotationSchema, value)
    return orRefused(data && leadsTo(key.peerId, otherKey.peerId, [data]))
  }),
  json(
    'identity',
    [{ peerId: otherKey.peerId, publicKey: publicPem(otherKey.peerId), rotations: [rotation] }],
    (value) => {
      const { data } = readAs(groveIdentitySchema, value)
      return orRefused(data && leadsTo(key.peerId, data.peerId, data.rotations))
    },
  ),
  text('token', [token], (given) => {
    const id = tokenId(given)
    assert.equal(isTokenOf(given, record), given === token)
    return orRefused(id)
  }),
  json('token-record', [record], (value) => orRefused(readAs(tokenRecordSchema, value).data)),
  text(
    'signature-of-request',
    [headText(signed), headText(bare)],
    async (head) => {
      const headers = headersIn(head)
      const said = requestHead(headers['signature-input'] ?? '')
      await holds({ ...asked, headers }, verifying)
      return orRefused(said)
    },
    { maxBytes: 4_096 },
  ),
  text(
    'signature-of-answer',
    [headText(answered)],
    async (head) => {
      const headers = headersIn(head)
      const said = answerKey(headers['signature-input'] ?? '')
      await holdsAnswer({ status: 200, headers }, signed['signature'] ?? '', verifyingOther)
      return orRefused(said)
    },
    { maxBytes: 4_096 },
  ),
  target(
    'signature-input',
    [signed['signature-input'] ?? '', bare['signature-input'] ?? ''],
    (input) => orRefused(requestHead(input.toString('latin1'))),
  ),
]

function headText(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

function headersIn(head: string): Record<string, string> {
  return Object.fromEntries(
    head.split('\n').map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name.toLowerCase(), value.join(':').trim()]
    }),
  )
}
