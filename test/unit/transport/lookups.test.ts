import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../../../src/api/operations/table.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { Lookups } from '../../../src/transport/names/lookups.ts'
import { withCode } from '../../support/errors.ts'
import { testNode } from '../../support/test-node.ts'
import { until } from '../../support/until.ts'

/** Look-ups that end when a test says so. `seed` is a name that the operator gave. */
function heldLookups() {
  const running = new Map<string, () => void>()
  const found: string[] = []
  const given = new Set(['seed'])
  const lookups = new Lookups({
    isGiven: (name) => given.has(name),
    lookup: (name, _options, done) =>
      running.set(name, () => {
        running.delete(name)
        done(null, [])
      }),
  })
  const ask = (...names: string[]) => {
    for (const name of names)
      lookups.lookUp(name, { all: true }, (error) =>
        found.push(error === null ? name : `${name}: ${error.code}`),
      )
  }
  return {
    lookups,
    give: (name: string) => given.add(name),
    ask,
    found,
    running: () => [...running.keys()],
    end: (name: string) => running.get(name)?.(),
  }
}

test('a name that the operator gave is looked up at once, whatever others are', () => {
  const { ask, running } = heldLookups()

  ask('a', 'b', 'c', 'seed')

  assert.deepEqual(running(), ['a', 'seed'])
})

test('a name that is given while it waits as a stranger is looked up at once', () => {
  const { ask, running, found, end, give } = heldLookups()
  ask('a', 'b', 'c')

  give('c')
  ask('c')

  assert.deepEqual(running(), ['a', 'c'])
  end('c')
  assert.deepEqual(found, ['c', 'c'])
  end('a')
  assert.deepEqual(running(), ['b'])
})

test('of strangers those that were reached are looked up first', () => {
  const { lookups, ask, running, end } = heldLookups()
  lookups.reached('known')

  ask('a', 'b', 'known')
  end('a')

  assert.deepEqual(running(), ['known'])
})

test('a name is looked up once for all who ask meanwhile', () => {
  const { ask, running, found, end } = heldLookups()

  ask('a', 'b', 'a', 'b')
  end('a')
  end('b')

  assert.deepEqual(found, ['a', 'a', 'b', 'b'])
  assert.deepEqual(running(), [])
})

test('beyond a bound a stranger is told to come later, and gives way to one that was reached', async () => {
  const { lookups, ask, found, running, end } = heldLookups()
  lookups.reached('known')

  ask('first', ...Array.from({ length: 64 }, (_, at) => `n${at}`), 'more', 'known')
  await Promise.resolve()

  assert.deepEqual(found, ['more: EAI_AGAIN', 'n63: EAI_AGAIN'])
  end('first')
  assert.deepEqual(running(), ['known'])
})

const item = hashBytes(Buffer.from('item'))

test('the name of a peer that was named here waits for no stranger', async () => {
  const asked = new Set<string>()
  const transport = httpTransport({
    allowPrivate: true,
    clock: systemClock,
    lookup: (name) => void asked.add(name),
  })
  const leaving = new AbortController()
  const { signal } = leaving
  const call = (name: string) => {
    const address = `http://${name}:4515`
    transport.manifest({ peerId: name, address }, item, { signal }).catch(() => {})
  }

  call('stranger.invalid')
  await until('a look-up', () => asked.has('stranger.invalid'))
  call('other.invalid')
  transport.expectNamed('http://friend.invalid:4515')
  call('friend.invalid')

  await until('another look-up', () => asked.has('friend.invalid'))
  assert.equal(asked.has('other.invalid'), false)
  leaving.abort()
  await transport.close()
})

test('a peer counts as named where who asks for it is on this machine', async () => {
  await using grove = testNode()
  const named: string[] = []
  grove.node.transport.expectNamed = (address) => void named.push(address)
  const fetchFrom = (peer: string, isElsewhere: boolean) =>
    operations.fetchContribution.run(
      grove.node,
      { cid: item, peer },
      { signal: AbortSignal.abort(), isElsewhere },
    )

  await assert.rejects(
    async () => fetchFrom('http://foe.invalid:4515', true),
    withCode('address-refused'),
  )
  await assert.rejects(async () => fetchFrom('friend.invalid:4515', false))

  assert.deepEqual(named, ['http://friend.invalid:4515'])
})
