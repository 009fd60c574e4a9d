import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAccepted } from '../../../../src/core/peers/counting.ts'
import { Access } from '../../../../src/node/access/access.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { withCode } from '../../../support/errors.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const ids = [1, 2, 3, 4, 5, 6].map((n) => keyOf(n).peerId)
const [own = '', former = '', hub = '', other = '', trusted = '', stranger = ''] = ids

function opened(stores = memoryStores(seeded(1))) {
  const { clock, move } = standingClock()
  const ports = { records: stores.records, clock, secret: secretHex }
  return { stores, move, access: new Access(ports, { current: own, former: [former] }) }
}

const keysOf = (...texts: readonly string[]) => ids.filter((id) => texts.includes(id))

test('a key is own, blocked, trusted or a member, in this order, and the own one always is', async () => {
  const { access } = opened()
  await access.members.follow(hub, keysOf(hub, other, trusted, own))
  await access.standings.say(trusted, { standing: 'trusted' })
  await access.standings.say(other, { standing: 'blocked' })
  await access.standings.say(own, { standing: 'blocked' })
  const standings = () => ids.map((id) => access.keys.of(id))

  assert.deepEqual(standings(), ['own', 'own', 'member', 'blocked', 'trusted', undefined])
  assert.deepEqual([...access.keys.all().keys()].toSorted(), ids.slice(0, 5).toSorted())
  assert.equal(access.keys.of(stranger), undefined)
  await access.standings.say(former, { standing: 'blocked' })
  assert.equal(access.keys.of(former), 'blocked', 'a key that was stolen can be blocked')
})

test('a member list is replaced as a whole, beside those of others, and outlives a restart', async () => {
  const { access, stores } = opened()
  let changes = 0
  access.watch(() => changes++)
  await access.members.follow(hub, keysOf(hub, other))
  await access.members.follow(other, keysOf(stranger))
  await access.members.follow(hub, keysOf(hub))
  await access.members.follow(hub, keysOf(hub))
  assert.equal(changes, 3, 'the same list again is no change')

  const again = opened(stores).access
  await again.load()
  assert.deepEqual(
    [hub, other, stranger].map((id) => again.keys.of(id)),
    ['member', undefined, 'member'],
  )
  await again.members.forget(other)
  assert.equal(again.keys.of(stranger), undefined)
  assert.deepEqual(again.members.sources(), [hub])
})

test('a list that is too long is refused, and the one before it stays', async () => {
  const { access } = opened()
  await access.members.follow(hub, keysOf(other))
  const many = Array.from({ length: 1_025 }, (_, n) => keyOf(0).peerId.slice(0, -4) + hex(n))

  await assert.rejects(
    access.members.follow(hub, many as typeof ids),
    withCode('refused', 'up to 64 member lists'),
  )
  assert.equal(access.keys.of(other), 'member')
})

const hex = (n: number) => n.toString(16).padStart(4, '0')

test('a standing that ends by itself says when', async () => {
  const { access, move } = opened()
  assert.equal(access.standings.nextEnd(), undefined)
  await access.standings.say(trusted, { standing: 'trusted' })
  await access.standings.say(other, { standing: 'blocked', forMs: 2_000 })
  await access.standings.say(stranger, { standing: 'blocked', forMs: 1_000 })
  const first = access.standings.nextEnd() ?? 0

  move(1_000)
  assert.equal(access.keys.of(stranger), undefined)
  assert.equal(access.standings.nextEnd(), first + 1_000)
})

test('in members only listed keys are accepted, elsewhere all that are not blocked', () => {
  for (const admission of ['open', 'signed'] as const) {
    assert.equal(isAccepted(admission, undefined), true)
    assert.equal(isAccepted(admission, 'blocked'), false)
  }
  assert.equal(isAccepted('members', undefined), false)
  for (const standing of ['own', 'trusted', 'member'] as const)
    assert.equal(isAccepted('members', standing), true)
})
