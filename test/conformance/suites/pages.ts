import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { compareAges, threadPlaceOf } from '../../../src/core/ranking/cursor.ts'
import type { ListEntry } from '../../../src/ports/contribution-store.ts'
import { SINCE_MAX_BYTES } from '../../../src/ports/contribution-store.ts'
import type { Page } from '../../../src/ports/graph-index.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import { at, cidsOf, local, type Opened, putAll, relation, sample } from '../samples.ts'

const target = sample({ summary: 'target', createdAt: at(0) })

/** About the target, or a thread of its own; several are made at the same moment. */
const items: readonly Contribution[] = Array.from({ length: 24 }, (_, n) =>
  sample({
    summary: `item ${n}`,
    kind: 'discussion',
    tags: n % 3 === 0 ? ['third'] : [],
    createdAt: at(1 + (n % 7)),
    relations: n % 4 === 0 ? [] : [relation(n % 2 === 0 ? 'reviews' : 'adopts', target.cid)],
  }),
)

/** Reads one page of a list after the last row of the page before. */
type Read = (
  store: GraphStore,
  limit: number,
  last: ListEntry | undefined,
) => Promise<readonly ListEntry[]>

const page = (limit: number, last: ListEntry | undefined): Page => ({
  limit,
  offset: 0,
  after: last,
})

const lists: Readonly<Record<string, Read>> = {
  all: async (store, limit, last) => (await store.list({}, page(limit, last))).items,
  'by a tag': async (store, limit, last) =>
    (await store.list({ tags: ['third'] }, page(limit, last))).items,
  'newest evidence first': async (store, limit, last) =>
    (await store.related(target.cid, ['reviews', 'adopts'], page(limit, last))).items,
  'oldest children first': async (store, limit, last) => {
    const asked = { ...page(limit, last), oldestFirst: true }
    return (await store.related(target.cid, ['reviews'], asked)).items
  },
  threads: async (store, limit, last) => {
    const root = last && { root: last, replyCount: 0, lastReplyAt: undefined }
    const after = root && threadPlaceOf(root)
    const found = await store.threads({ limit, after, unanswered: true })
    return found.map((thread) => thread.root)
  },
}

/** A list that is read page by page. */
interface Walk {
  readonly list: string
  readonly read: Read
  /** What it had before the first page. */
  readonly whole: readonly Cid[]
  readonly seen: Cid[]
  last: ListEntry | undefined
  isDone: boolean
}

const allOf = async (store: GraphStore, read: Read) => cidsOf(await read(store, 1_000, undefined))

async function begin(store: GraphStore, list: string, read: Read): Promise<Walk> {
  const whole = await allOf(store, read)
  return { list, read, whole, seen: [], last: undefined, isDone: false }
}

async function turn(store: GraphStore, walk: Walk, limit: number): Promise<void> {
  if (walk.isDone) return
  const rows = await walk.read(store, limit, walk.last)
  walk.seen.push(...cidsOf(rows))
  walk.last = rows.at(-1)
  walk.isDone = walk.last === undefined
}

/** Each that was there has come, none has come twice, and all in the order of the list. */
async function requireOnce(store: GraphStore, { list, read, whole, seen }: Walk): Promise<void> {
  const come = new Set(seen)
  const missed = whole.filter((cid) => !come.has(cid))
  const now = await allOf(store, read)
  assert.deepEqual(missed, [], list)
  assert.deepEqual(
    seen,
    now.filter((cid) => come.has(cid)),
    list,
  )
}

/** Which items are there before the first page, and which come before each further one. */
const arrivals = fc.record({
  first: fc.subarray([...items]),
  later: fc.array(fc.subarray([...items]), { maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 5 }),
})

/** Lists page by page. `open` gives an empty store. */
export function pagesSuite(name: string, open: () => Promise<Opened<GraphStore>>): void {
  describe(`${name}: pages`, () => {
    test('pages of a list neither repeat nor miss what was there', () =>
      fc.assert(
        fc.asyncProperty(arrivals, async ({ first, later: arriving, limit }) => {
          await using opened = await open()
          await putAll(opened.store, [target, ...first])
          const walks = await Promise.all(
            Object.entries(lists).map(([list, read]) => begin(opened.store, list, read)),
          )

          const later = [...arriving]
          while (walks.some(({ isDone }) => !isDone)) {
            for (const walk of walks) await turn(opened.store, walk, limit)
            await putAll(opened.store, later.shift() ?? [])
          }

          for (const walk of walks) await requireOnce(opened.store, walk)
        }),
        { numRuns: 12 },
      ))

    test('a page by its offset is that part of the list, from either end', async () => {
      await using opened = await open()
      await putAll(opened.store, items)
      const whole = cidsOf([...items].map(ageOf).sort(compareAges))

      for (const offset of [0, 3, 11, 12, 13, 20, 23, 24, 90]) {
        const found = await opened.store.list({}, { limit: 5, offset })
        assert.deepEqual(cidsOf(found.items), whole.slice(offset, offset + 5), String(offset))
      }
    })

    test('threads with replies and without are paged as one list', async () => {
      await using opened = await open()
      const roots = [3, 3, 1, 0, 0].map((_, n) => sample({ kind: 'discussion', summary: `r${n}` }))
      const replies = [3, 3, 1, 0, 0].flatMap((count, n) =>
        Array.from({ length: count }, (_, reply) =>
          sample({
            summary: `reply ${n} ${reply}`,
            relations: [relation('responds_to', roots[n]?.cid ?? target.cid)],
          }),
        ),
      )
      await putAll(opened.store, [...roots, ...replies])
      const all = await opened.store.threads({ limit: 10, unanswered: true })

      for (const [index, thread] of all.entries()) {
        const after = threadPlaceOf(thread)
        const rest = await opened.store.threads({ limit: 10, after, unanswered: true })
        assert.deepEqual(rest, all.slice(index + 1))
      }
      assert.equal(all.length, 5)
    })

    test('what is listed has its size, and its bytes are found by its cid', async () => {
      await using opened = await open()
      await putAll(opened.store, [target, ...items.slice(0, 2)])
      const absent = sample({ summary: 'absent' })

      const listed = await opened.store.listed(cidsOf([...items.slice(0, 2), absent, target]))

      assert.deepEqual(listed, [...items.slice(0, 2), target].map(ageOf))
      for (const { cid, bytes } of [target, ...items.slice(0, 2)])
        assert.deepEqual(Buffer.from((await opened.store.bytes(cid)) ?? []), Buffer.from(bytes))
      assert.equal(await opened.store.bytes(absent.cid), undefined)
    })

    test('one read of the log ends with so many bytes, and has at least one entry', async () => {
      await using opened = await open()
      const heavy = [1, 2, 3, 4].map((n) =>
        sample({ summary: `${n}`, context: { text: 'x'.repeat(SINCE_MAX_BYTES / 2) } }),
      )
      for (const item of heavy) await opened.store.put(item, local())

      const first = await opened.store.since(0, 10)
      const rest = await opened.store.since(first.at(-1)?.seq ?? 0, 10)

      assert.equal(first.length, 2)
      assert.deepEqual(
        [...first, ...rest].map(({ stored }) => stored.cid),
        cidsOf(heavy),
      )
    })
  })
}

function ageOf({ cid, bytes, manifest }: Contribution): ListEntry {
  return { cid, createdMs: Date.parse(manifest.createdAt), sizeBytes: bytes.byteLength }
}
