import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { ROTATIONS_MAX, type Rotation, rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { Access } from '../../../../src/node/access/access.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const [own, before, a, b, c, other] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4), keyOf(5), keyOf(6)]
const from = (one: SigningKey, to: SigningKey): Rotation => rotate(one, to, timestamp(1_000))

function opened(stores = memoryStores(seeded(1))) {
  const { clock, move } = standingClock()
  const warned: string[] = []
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) }
  const ports = { records: stores.records, clock, secret: secretHex, log }
  const access = new Access(ports, { current: own.peerId, former: [before.peerId] })
  const standings = () => [a, b, c].map(({ peerId }) => access.keys.of(peerId))
  return { stores, move, access, warned, standings }
}

for (const standing of ['trusted', 'blocked'] as const)
  test(`a ${standing} grove that changes its key is still ${standing}, over restarts`, async () => {
    const { access, stores } = opened()
    await access.standings.say(a.peerId, { standing, reason: 'why' })

    await access.rotations.learn([from(a, b), from(b, c)])

    const again = opened(stores)
    await again.access.load()
    await again.access.load()
    for (const one of [access, again.access]) {
      assert.deepEqual(
        [a, b, c].map(({ peerId }) => one.keys.of(peerId)),
        [standing, standing, standing],
      )
      assert.deepEqual(
        one.standings.list().map(({ peer, reason }) => [peer, reason]),
        [[c.peerId, 'why']],
      )
      assert.deepEqual(one.rotations.before(c.peerId), [b.peerId, a.peerId])
      assert.deepEqual(
        [a, b, c].map(({ peerId }) => one.keys.isRetired(peerId)),
        [true, true, false],
      )
    }
    await access.standings.say(c.peerId, { standing: 'none' })
    assert.equal(access.keys.of(a.peerId), undefined)
  })

test('a member that changes its key is one still, in whatever order that is heard', async () => {
  for (const listed of [a, b, c])
    for (const heard of [
      [from(a, b), from(b, c)],
      [from(b, c), from(a, b)],
    ]) {
      const { access, standings } = opened()
      await access.members.follow('hub', [listed.peerId])
      await access.rotations.learn(heard)

      assert.deepEqual(standings(), ['member', 'member', 'member'])
      assert.deepEqual(
        new Set(access.rotations.leadingTo([c.peerId]).map(({ to }) => to)),
        new Set([b.peerId, c.peerId]),
      )
      assert.equal(access.keys.aliases().get(a.peerId), c.peerId)
    }
})

test('a change that both keys have not signed, or of a grove that nobody knows, is not taken', async () => {
  const { access, standings } = opened()
  await access.members.follow('hub', [a.peerId])
  const forged = [
    { ...from(a, b), to: c.peerId },
    { ...from(a, b), from: other.peerId, to: a.peerId },
    { ...from(a, b), toSignature: from(a, b).fromSignature },
    { ...from(a, b), at: timestamp(2_000) },
  ]

  await access.rotations.learn([...forged, from(b, c)])

  assert.deepEqual(standings(), ['member', undefined, undefined])
  assert.equal(access.keys.isRetired(b.peerId), false)
})

test('a key that was given up can name no other successor, nor be taken back', async () => {
  const { access, warned, standings } = opened()
  await access.standings.say(a.peerId, { standing: 'trusted' })
  await access.rotations.learn([from(a, b)])

  await access.rotations.learn([from(a, c), from(a, b), from(b, a), from(a, other)])

  assert.deepEqual(standings(), ['trusted', 'trusted', undefined])
  assert.equal(access.keys.of(other.peerId), undefined)
  assert.equal(access.rotations.presentOf(a.peerId), b.peerId)
  assert.equal(warned.length, 1)
  assert.match(warned[0] ?? '', /names another successor: somebody has it/)
})

test("nobody can give this grove's own keys up", async () => {
  const { access } = opened()

  await access.rotations.learn([from(own, a), from(before, b)])

  assert.equal(access.keys.of(own.peerId), 'own')
  assert.equal(access.keys.isRetired(own.peerId), false)
  assert.equal(access.keys.isRetired(before.peerId), true, 'as it did itself')
  assert.deepEqual([...access.keys.aliases()], [[before.peerId, own.peerId]])
})

test('a grove that changes its key again and again is followed so far', async () => {
  const { access } = opened()
  const keys = Array.from({ length: ROTATIONS_MAX + 3 }, (_, n) => keyOf(100 + n))
  await access.members.follow('hub', [keys[0]!.peerId])
  const chain = keys.slice(1).map((key, n) => from(keys[n]!, key))

  await access.rotations.learn(chain)

  assert.equal(access.rotations.presentOf(keys[0]!.peerId), keys[ROTATIONS_MAX]?.peerId)
  assert.equal(access.keys.of(keys[ROTATIONS_MAX + 1]!.peerId), undefined)
})

test('what is said of a key once it was given up holds for that key alone', async () => {
  const { access, move, standings } = opened()
  await access.standings.say(a.peerId, { standing: 'trusted' })
  await access.rotations.learn([from(a, b)])
  move(1)

  await access.standings.say(a.peerId, { standing: 'blocked', reason: 'stolen' })
  await access.rotations.settle()

  assert.deepEqual(standings(), ['blocked', 'trusted', undefined])
})

test('a blocked grove does not become a member by the key of one that helps it', async () => {
  const { access, standings } = opened()
  await access.members.follow('hub', [a.peerId])
  await access.standings.say(b.peerId, { standing: 'blocked' })

  await access.rotations.learn([from(a, b)])

  assert.deepEqual(standings(), ['blocked', 'blocked', undefined])
})

test('a standing is passed on after a kill in the middle of it', async () => {
  const { access, stores, standings } = opened()
  await access.members.follow('hub', [a.peerId])
  await access.rotations.learn([from(a, b), from(b, c)])
  // As if what was said of the key before had not been passed on yet.
  await access.standings.say(a.peerId, { standing: 'blocked', reason: 'why' })

  const again = opened(stores)
  await again.access.load()

  assert.deepEqual(again.standings(), ['blocked', 'blocked', 'blocked'])
  assert.deepEqual(
    again.access.standings.list().map(({ peer }) => peer),
    [c.peerId],
  )
  assert.deepEqual(standings(), ['blocked', 'member', 'member'])
})
