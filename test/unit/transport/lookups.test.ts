import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lookups } from '../../../src/transport/names/lookups.ts'

/** Look-ups that end when a test says so. `seed` is a name that the operator gave. */
function heldLookups() {
  const running = new Map<string, () => void>()
  const found: string[] = []
  const lookups = new Lookups({
    isGiven: (name) => name === 'seed',
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
