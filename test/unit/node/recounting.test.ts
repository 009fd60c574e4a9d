import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Access } from '../../../src/node/access/access.ts'
import { Recounting } from '../../../src/node/access/recounting.ts'
import type { NewCounting } from '../../../src/ports/origin-store.ts'

test('a store that is slow to hear of one change hears of the next one last', async () => {
  const heard: number[] = []
  const slow = Promise.withResolvers<void>()
  const tasks: Promise<void>[] = []
  const known = new Map()
  let change = () => {}
  const judge = async ({ standings }: NewCounting) => {
    const { size } = standings
    if (size === 1) await slow.promise
    heard.push(size)
    return false
  }
  const recounting = new Recounting({
    access: {
      keys: { all: () => new Map(known) },
      standings: { nextEnd: () => undefined },
      watch: (watcher: () => void) => {
        change = watcher
      },
    } as unknown as Access,
    origins: { judge, recount: () => assert.fail('nothing is due') },
    clock: { now: () => 0 },
    later: (_, __, task) => void tasks.push(task()),
    moved() {},
  })
  await recounting.start()

  for (const key of ['first', 'second']) {
    known.set(key, 'blocked')
    change()
  }
  slow.resolve()
  await Promise.all(tasks)

  assert.equal(heard.at(-1), 2)
})
