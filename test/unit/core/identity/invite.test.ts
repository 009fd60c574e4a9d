import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { type KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import {
  type InviteRecord,
  inviteKey,
  inviteLine,
  isJoinProof,
  type JoinCall,
  joinProof,
  parseInviteLine,
  showInvite,
} from '../../../../src/core/identity/invite.ts'
import { withCode } from '../../../support/errors.ts'

const key = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const [hub, joiner, thief] = [key(1), key(2), key(3)]
const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const secret = Buffer.alloc(32, 7).toString('base64url')

test('an invite line says what it was made of', () => {
  for (const address of ['http://10.0.0.5:4515', 'https://grove.example', 'http://[::1]:4515']) {
    const invite = { address, peerId: hub.peerId, secret }
    assert.deepEqual(parseInviteLine(` ${inviteLine(invite)}\n`), invite)
  }
})

test('an invite line that a mailer wrapped or a writer put into a sentence is understood', () => {
  const invite = { address: 'http://10.0.0.5:4515', peerId: hub.peerId, secret }
  const line = inviteLine(invite)

  for (const text of [
    `${line.slice(0, 70)}\r\n  ${line.slice(70)}`,
    `<${line}>`,
    `(${line}).`,
    `"${line}"`,
    `${line},`,
  ])
    assert.deepEqual(parseInviteLine(text), invite, text)
})

test('an invite that is cut off or changed is said to be so', () => {
  const line = inviteLine({ address: 'http://10.0.0.5:4515', peerId: hub.peerId, secret })

  for (const text of [line.slice(0, -1), line.slice(0, 20), `${line}x`])
    assert.throws(() => parseInviteLine(text), withCode('usage-error', 'cut off'), text)
})

test('what is no invite is refused without being repeated', () => {
  const line = inviteLine({ address: 'http://10.0.0.5:4515', peerId: hub.peerId, secret })
  const others = [
    '',
    line.replace('grove+', ''),
    line.replace('http', 'ftp'),
    line.replace('//', '//user:pass@'),
    line.slice(0, -1),
    `${line.slice(0, -1)}B`,
    `${line}x`,
    line.replace('ed25519', 'ED25519'),
    line.replace('#', '?q#'),
    line.replace('10.0.0.5', '0x0a.5'),
  ]
  for (const other of others)
    assert.throws(
      () => parseInviteLine(other),
      (error: Error) =>
        withCode('usage-error')(error) && !error.message.includes(secret.slice(0, 20)),
      other,
    )
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => parseInviteLine(`grove+http${text}`), withCode('usage-error'))
    }),
  )
})

test('a proof fits one joiner, one inviter, one call and one direction', () => {
  const { key: proofKey, id } = inviteKey(secret)
  const call: JoinCall = { by: 'joiner', joiner: joiner.peerId, inviter: hub.peerId, nonce: 'n1' }
  const proof = joinProof(proofKey, call)

  assert.ok(isJoinProof(proof, proofKey, call))
  const others: Partial<JoinCall>[] = [
    { by: 'inviter' },
    { joiner: thief.peerId },
    { inviter: thief.peerId },
    { nonce: 'n2' },
  ]
  for (const other of others)
    assert.equal(isJoinProof(proof, proofKey, { ...call, ...other }), false)
  const wrongKey = inviteKey(Buffer.alloc(32, 8).toString('base64url')).key
  assert.equal(isJoinProof(proof, wrongKey, call), false)
  assert.equal(isJoinProof('', proofKey, call), false)
  for (const told of [id, proofKey, proof]) assert.ok(!told.includes(secret))
})

test('an invite is used by one grove, which may repeat its join, and others are noted', () => {
  const unused: InviteRecord = {
    ...inviteKey(secret),
    ...{ createdAt: NOW, expiresAt: NOW + 1_000, uses: 1, usedBy: [], refused: [] },
  }
  const by = (peerId: KeyId, presentOf = (id: KeyId) => id) => ({ joiner: peerId, presentOf })
  const first = showInvite(unused, by(joiner.peerId), NOW)
  const second = showInvite(first.record, by(thief.peerId), NOW + 1)

  assert.deepEqual(first, { record: { ...unused, usedBy: [joiner.peerId] } })
  assert.deepEqual(showInvite(first.record, by(joiner.peerId), NOW + 1), first)
  assert.equal(second.refused, 'used')
  assert.deepEqual(second.record.usedBy, [joiner.peerId])
  assert.deepEqual(second.record.refused, [{ peerId: thief.peerId, at: NOW + 1 }])
  assert.equal(showInvite(unused, by(joiner.peerId), NOW + 1_000).refused, 'expired')
  const since = by(key(4).peerId, () => key(4).peerId)
  assert.deepEqual(showInvite(first.record, since, NOW + 1), {
    record: { ...unused, usedBy: [key(4).peerId] },
  })
})

test('lines and proofs are those of the vectors', () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { invite } = JSON.parse(readFileSync(file, 'utf8'))
  const { joiner, inviter, nonce } = invite
  const { id, key: proofKey } = inviteKey(parseInviteLine(invite.line).secret)
  const call = { joiner, inviter, nonce }

  assert.deepEqual([id, proofKey], [invite.id, invite.key])
  assert.equal(joinProof(proofKey, { by: 'joiner', ...call }), invite.joinerProof)
  assert.equal(joinProof(proofKey, { by: 'inviter', ...call }), invite.inviterProof)
})
