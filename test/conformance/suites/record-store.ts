import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RecordStore } from '../../../src/ports/record-store.ts'
import type { Opened } from '../samples.ts'

/** What every RecordStore does. `open` gives an empty store. */
export function recordStoreSuite(name: string, open: () => Promise<Opened<RecordStore>>): void {
  describe(`${name}: records`, () => {
    test('a record is given back as it was set, and the last set stays', async () => {
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

    test('a space is listed by key, without the records of others', async () => {
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

    test('a deleted record is gone, and deleting what is not there is no error', async () => {
      await using opened = await open()
      await opened.store.set('peers', 'a', { n: 1 })

      await opened.store.delete('peers', 'a')
      await opened.store.delete('peers', 'a')

      assert.equal(await opened.store.get('peers', 'a'), undefined)
      assert.deepEqual(await opened.store.list('peers'), [])
    })

    test('a record that was read does not change with the one who set it', async () => {
      await using opened = await open()
      const value = { list: [1] }
      await opened.store.set('s', 'k', value)

      value.list.push(2)

      assert.deepEqual(await opened.store.get('s', 'k'), { list: [1] })
    })
  })
}
