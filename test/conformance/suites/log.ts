import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cid } from '../../../src/core/cid.ts'
import type { LogEntry } from '../../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import { cidsOf, local, type Opened, putAll, sample, sortedCids } from '../samples.ts'

/** A store under test that can be closed and reopened. */
export interface Reopenable extends Opened<GraphStore> {
  reopen(): Promise<GraphStore>
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => sample({ summary: `number ${index}` }))

const storedOf = (entries: readonly LogEntry[]): Cid[] =>
  cidsOf(entries.map(({ stored }) => stored))

/** How every ContributionStore numbers its contributions. `open` gives an empty store. */
export function logSuite(name: string, open: () => Promise<Reopenable>): void {
  describe(`${name}: log`, () => {
    test('entries come in the order in which they became visible', async () => {
      await using opened = await open()
      const items = numbered(5)
      assert.equal(await opened.store.lastSeq(), 0)
      await putAll(opened.store, items)

      const entries = await opened.store.since(0, 10)

      assert.deepEqual(storedOf(entries), cidsOf(items))
      requireAscending(entries)
      assert.deepEqual(entries[3]?.stored, await opened.store.get(items[3]!.cid))
      assert.equal(entries.at(-1)?.seq, await opened.store.lastSeq())
    })

    test('a page starts after a number, and holds at most the limit', async () => {
      await using opened = await open()
      const items = numbered(5)
      await putAll(opened.store, items)
      const [, second, , fourth] = await opened.store.since(0, 10)

      assert.deepEqual(
        storedOf(await opened.store.since(second!.seq, 2)),
        cidsOf(items.slice(2, 4)),
      )
      assert.deepEqual(storedOf(await opened.store.since(fourth!.seq, 2)), cidsOf(items.slice(4)))
      assert.deepEqual(await opened.store.since(await opened.store.lastSeq(), 2), [])
      assert.deepEqual(await opened.store.since(1_000_000, 2), [])
      assert.deepEqual(await opened.store.since(0, 0), [])
    })

    test('its lines are read backwards from a number, without the manifests', async () => {
      await using opened = await open()
      const items = numbered(4)
      await putAll(opened.store, items.slice(0, 3))
      await opened.store.put(items[3]!, { origin: 'peer', receivedAt: 1 })

      const all = await opened.store.linesBefore(Number.MAX_SAFE_INTEGER, 10)

      assert.deepEqual(
        all.map(({ cid }) => cid),
        cidsOf(items).toReversed(),
      )
      assert.deepEqual(
        all.map(({ origin }) => origin),
        ['peer', 'local', 'local', 'local'],
      )
      const [last, , second] = all
      assert.deepEqual(await opened.store.linesBefore(last!.seq, 2), all.slice(1, 3))
      assert.deepEqual(await opened.store.linesBefore(second!.seq, 10), all.slice(3))
      assert.deepEqual(await opened.store.linesBefore(1, 10), [])
    })

    test('a contribution that is put again keeps its number', async () => {
      await using opened = await open()
      const [first, second] = numbered(2)
      await putAll(opened.store, [first!, second!])
      const before = await opened.store.since(0, 10)

      await opened.store.put(first!, local())

      assert.deepEqual(await opened.store.since(0, 10), before)
      assert.equal(await opened.store.lastSeq(), before[1]?.seq)
    })

    test('concurrent puts all get different numbers', async () => {
      await using opened = await open()
      const items = numbered(300)

      await Promise.all([...items, ...items].map((item) => opened.store.put(item, local())))

      const entries = await opened.store.since(0, 1_000)
      assert.deepEqual(storedOf(entries).sort(), sortedCids(items))
      requireAscending(entries)
    })

    test('a reader that follows concurrent puts sees each contribution once', async () => {
      await using opened = await open()
      const items = numbered(400)
      const writers = [0, 1, 2, 3].map((writer) =>
        putAll(
          opened.store,
          items.filter((_, index) => index % 4 === writer),
        ),
      )

      const seen: LogEntry[] = []
      while (seen.length < items.length) {
        seen.push(...(await opened.store.since(seen.at(-1)?.seq ?? 0, 7)))
        await new Promise(setImmediate)
      }

      await Promise.all(writers)
      assert.deepEqual(storedOf(seen).sort(), sortedCids(items))
      requireAscending(seen)
    })

    test('numbers, their order and positions survive a restart', async () => {
      await using opened = await open()
      const items = numbered(4)
      await putAll(opened.store, items.slice(0, 2))
      const positions = [0, 1, 2].map((seq) => opened.store.position(seq))
      const before = await opened.store.since(0, 10)

      const again = await opened.reopen()
      await putAll(again, items.slice(2))

      const entries = await again.since(0, 10)
      assert.deepEqual(
        positions.map((position) => again.seqAt(position)),
        [0, 1, 2],
      )
      assert.deepEqual(
        [3, 4].map((seq) => again.seqAt(again.position(seq))),
        [3, 4],
      )
      assert.deepEqual(entries.slice(0, 2), before)
      assert.deepEqual(storedOf(entries), cidsOf(items))
      requireAscending(entries)
    })

    test('a position is found in its own log only, and what is none in no log', async () => {
      await using one = await open()
      await using other = await open()
      for (const { store } of [one, other]) await putAll(store, numbered(3))
      const position = one.store.position(2)

      assert.match(position, /^[0-9a-f]{16}:2$/)
      assert.equal(one.store.seqAt(position), 2)
      assert.equal(other.store.seqAt(position), undefined)
      for (const none of ['', ':', 'x', `${position}x`, position.replace(':2', ':1.5')])
        assert.equal(one.store.seqAt(none), undefined)
    })
  })
}

function requireAscending(entries: readonly LogEntry[]): void {
  const numbers = entries.map(({ seq }) => seq)
  assert.ok(numbers.every((seq, index) => seq > (numbers[index - 1] ?? 0)))
}
