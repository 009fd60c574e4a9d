import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RecordStore } from '../../../src/ports/record-store.ts'
import { names, type Opened } from '../samples.ts'

/** What every RecordStore does. `open` gives an empty store. */
export function recordStoreSuite(name: string, open: () => Promise<Opened<RecordStore>>): void {
  describe(`${name}: records`, () => {
    test('a record is returned as it was set, and the last set stays', async () => {
      await using opened = await open()
      await opened.store.set('peers', 'a', { seen: 1 })

      await opened.store.set('peers', 'a', { seen: 2, name: '😀', list: [null, true] })

      assert.deepEqual(await opened.store.get('peers', 'a'), {
        seen: 2,
        name: '😀',
        list: [null, true],
      })
      assert.equal(await opened.store.get('peers', 'b'), undefined)
      assert.equal(await opened.store.get('self', 'a'), undefined)
    })

    test('a space is listed by key, without records of other spaces', async () => {
      await using opened = await open()
      await opened.store.set('peers', 'b', { n: 2 })
      await opened.store.set('peers', 'a', { n: 1 })
      await opened.store.set('peersX', 'c', { n: 3 })

      const listed = await opened.store.list('peers')

      assert.deepEqual(listed, [
        { key: 'a', value: { n: 1 } },
        { key: 'b', value: { n: 2 } },
      ])
      assert.deepEqual(await opened.store.list('none'), [])
    })

    test('keys are in the order of their bytes', async () => {
      await using opened = await open()
      for (const key of names.toReversed()) await opened.store.set('peers', key, {})

      const listed = await opened.store.list('peers')

      assert.deepEqual(
        listed.map(({ key }) => key),
        names,
      )
    })

    test('a deleted record is gone, and deleting a missing one is no error', async () => {
      await using opened = await open()
      await opened.store.set('peers', 'a', { n: 1 })

      await opened.store.delete('peers', 'a')
      await opened.store.delete('peers', 'a')

      assert.equal(await opened.store.get('peers', 'a'), undefined)
      assert.deepEqual(await opened.store.list('peers'), [])
    })

    test('compareAndSet replaces a record only if it is the expected one', async () => {
      await using opened = await open()
      const { store } = opened

      assert.equal(await store.compareAndSet('s', 'k', { n: 0 }, { n: 1 }), false)
      assert.equal(await store.compareAndSet('s', 'k', undefined, { n: 1, list: [null] }), true)
      assert.equal(await store.compareAndSet('s', 'k', undefined, { n: 2 }), false)
      assert.equal(await store.compareAndSet('s', 'k', { n: 1 }, { n: 2 }), false)
      assert.deepEqual(await store.get('s', 'k'), { n: 1, list: [null] })
      assert.equal(await store.compareAndSet('s', 'k', { list: [null], n: 1 }, { n: 2 }), true)
      assert.deepEqual(await store.get('s', 'k'), { n: 2 })
      assert.equal(await store.compareAndSet('s', 'k', { n: 2 }, { n: 2 }), true)
      assert.equal(await store.compareAndSet('s', 'other', { n: 2 }, { n: 3 }), false)
      assert.equal(await store.get('s', 'other'), undefined)
    })

    test('of several concurrent calls with the same expectation, one sets the record', async () => {
      await using opened = await open()
      const candidates = Array.from({ length: 20 }, (_, n) => ({ n }))

      const outcomes = await Promise.all(
        candidates.map((next) => opened.store.compareAndSet('s', 'k', undefined, next)),
      )

      const winners = candidates.filter((_, index) => outcomes[index])
      assert.equal(winners.length, 1)
      assert.deepEqual(await opened.store.get('s', 'k'), winners[0])
    })

    test('no step of several concurrent counters is lost', async () => {
      await using opened = await open()
      const { store } = opened
      const count = async () => {
        for (;;) {
          const current = await store.get('s', 'k')
          const next = { n: Number(current?.['n'] ?? 0) + 1 }
          if (await store.compareAndSet('s', 'k', current, next)) return
        }
      }

      await Promise.all(Array.from({ length: 20 }, count))

      assert.deepEqual(await store.get('s', 'k'), { n: 20 })
    })

    test("a record that was read is independent of the setter's object", async () => {
      await using opened = await open()
      const value = { list: [1] }
      await opened.store.set('s', 'k', value)

      value.list.push(2)

      assert.deepEqual(await opened.store.get('s', 'k'), { list: [1] })
    })
  })
}
