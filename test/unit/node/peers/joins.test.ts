import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { inviteKey, joinProof, parseInviteLine } from '../../../../src/core/identity/invite.ts'
import { type Rotation, rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { httpTransport } from '../../../../src/transport/client.ts'
import { withCode } from '../../../support/errors.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { keyOf } from '../../../support/signed-groves.ts'

const idOf = ({ node }: TestGrove) => node.config.self.peerId as KeyId

test('a grove that rotates from key to key by a used invite is one member, until one is blocked', async () => {
  await using hub = await servedGrove({ admission: 'members' })
  const { secret } = parseInviteLine((await localClient(hub.node).invite({})).line)
  const [first, second, third, last] = [keyOf(11), keyOf(12), keyOf(13), keyOf(14)]
  const call = { secret, hub }
  const memberIds = async () =>
    (await hub.node.access.roster.list()).members
      .map(({ peerId }) => peerId)
      .filter((peerId) => peerId !== idOf(hub))

  await joinAs(first, call)
  await joinAs(second, call, [rotate(first, second, timestamp(1))])
  await joinAs(third, call, [rotate(second, third, timestamp(2))])
  assert.deepEqual(await memberIds(), [third.peerId])
  const forked = joinAs(last, call, [rotate(second, last, timestamp(3))])
  await assert.rejects(forked, withCode('refused', 'was used already'))
  await hub.node.access.standings.say(third.peerId, { standing: 'blocked' })
  const barred = joinAs(last, call, [rotate(third, last, timestamp(3))])

  await assert.rejects(barred, withCode('refused', 'is blocked here'))
  assert.deepEqual(await memberIds(), [])
})

/** Joins a hub by a key, with the changes of key that are shown. */
async function joinAs(
  key: SigningKey,
  { secret, hub }: { readonly secret: string; readonly hub: TestGrove },
  rotations: Rotation[] = [],
): Promise<void> {
  const { id, key: proofKey } = inviteKey(secret)
  const [inviter, nonce] = [idOf(hub), secretHex(16)]
  const proof = joinProof(proofKey, { by: 'joiner', joiner: key.peerId, inviter, nonce })
  const transport = httpTransport({
    ...{ allowPrivate: true, clock: systemClock },
    signing: { key, nonce: () => secretHex(16), onClock() {}, onUnsigned() {} },
  })
  try {
    await transport.join({ peerId: inviter, address: hub.url }, { id, nonce, proof, rotations })
  } finally {
    await transport.close()
  }
}
