import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cid } from '../../../src/core/cid.ts'
import { type KeyId, keyIdFromBytes, SigningKey } from '../../../src/core/identity/ed25519.ts'
import {
  isOriginOf,
  ORIGINS_MAX,
  type Origin,
  originsKept,
} from '../../../src/core/identity/origin.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import { broughtBy, cidsOf, local, putAll, relation, sample } from '../samples.ts'
import type { Reopenable } from './log.ts'

const keyOf = (n: number): KeyId => keyIdFromBytes(new Uint8Array(32).fill(n))
/** Stores don't verify: any signature will do. */
const originBy = (n: number, changes: Partial<Origin> = {}): Origin => ({
  peerId: keyOf(n),
  at: 1_000 + n,
  signature: Buffer.alloc(64, n).toString('base64url'),
  ...changes,
})
const signer = SigningKey.fromSecret(new Uint8Array(32).fill(9))
const path = { index: 2, count: 5, siblings: [1, 2, 3].map((n) => new Uint8Array(32).fill(n)) }
const peer = broughtBy('10.0.0.7')

const plain = (origins: readonly Origin[]) =>
  origins.map(({ path, ...rest }) => ({
    ...rest,
    ...(path && {
      ...path,
      siblings: path.siblings.map((each) => Buffer.from(each).toString('hex')),
    }),
  }))

async function originsIn(store: GraphStore, item: { readonly cid: Cid }) {
  const [found] = await store.origins.of([item.cid])
  return plain(found?.[1] ?? [])
}

/** How every OriginStore keeps who has signed contributions. `open` gives an empty store. */
export function originsSuite(name: string, open: () => Promise<Reopenable>): void {
  describe(`${name}: origins`, () => {
    test('a contribution is stored with its origins, which outlive a restart', async () => {
      await using opened = await open()
      const [item, bare] = [sample(), sample({ summary: 'signed by nobody' })]
      await opened.store.put(item, local(), { origins: [originBy(1, { path })] })
      await putAll(opened.store, [bare])

      const store = await opened.reopen()

      assert.deepEqual(await originsIn(store, item), plain([originBy(1, { path })]))
      assert.deepEqual(await originsIn(store, bare), [])
      const asked = [bare.cid, item.cid, sample({ summary: 'absent' }).cid]
      assert.deepEqual(
        (await store.origins.of(asked)).map(([cid]) => cid),
        [item.cid],
      )
    })

    test('origins are added to what is held, also by putting it again, one a key', async () => {
      await using opened = await open()
      const { store } = opened
      const item = sample()
      await store.put(item, peer, { origins: [originBy(1)] })

      assert.equal(await store.put(item, local(), { origins: [originBy(2)] }), 'present')
      assert.equal(await store.origins.add(item.cid, [originBy(3)], 'peer'), true)
      assert.equal(await store.origins.add(item.cid, [originBy(3, { at: 7 })], 'peer'), false)
      assert.equal(await store.origins.add(item.cid, [], 'peer'), false)
      assert.equal(
        await store.origins.add(sample({ summary: 'absent' }).cid, [originBy(1)], 'peer'),
        false,
      )

      const kept = await originsIn(store, item)
      const expected = originsKept(
        item.cid,
        [1, 2, 3].map((n) => originBy(n)),
        { isListed: (id) => id === keyOf(2) },
      )
      assert.deepEqual(kept, plain(expected))
    })

    test('of many the same are kept in whatever order they come, and own ones always', async () => {
      await using opened = await open()
      const { store } = opened
      const [one, other] = [sample({ summary: 'one' }), sample({ summary: 'other' })]
      const others = Array.from({ length: 40 }, (_, n) => originBy(n + 1))
      const all = (item: typeof one) =>
        originsKept(item.cid, [originBy(99), ...others], { isListed: (id) => id === keyOf(99) })

      await store.put(one, local(), { origins: [originBy(99)] })
      for (const origin of others) await store.origins.add(one.cid, [origin], 'peer')
      await store.put(other, peer, { origins: others.toReversed() })
      await store.origins.add(other.cid, [originBy(99)], 'local')

      for (const item of [one, other]) {
        const kept = await originsIn(store, item)
        assert.ok([ORIGINS_MAX, ORIGINS_MAX + 1].includes(kept.length))
        assert.deepEqual(kept, plain(all(item)))
      }
      const dropped = others.find((origin) => !all(one).includes(origin))
      assert.ok(dropped)
      assert.equal(await store.origins.add(one.cid, [dropped], 'peer'), false)
    })

    test('what was published here and not signed is found in the log, page by page', async () => {
      await using opened = await open()
      const { store } = opened
      const own = { ...local(), own: true } as const
      const items = Array.from({ length: 6 }, (_, n) => sample({ summary: `number ${n}` }))
      const [old, signed, foreign, remote, signedByOthers, last] = items
      assert.ok(old && signed && foreign && remote && signedByOthers && last)
      await store.put(old, own)
      await store.put(signed, own, { origins: [originBy(1)] })
      await store.put(foreign, peer, { origins: [originBy(2)] })
      await store.put(remote, local())
      await store.put(signedByOthers, own)
      await store.origins.add(signedByOthers.cid, [originBy(2)], 'peer')
      await store.put(last, own)

      const first = await store.origins.unsigned(0, 4)
      const second = await store.origins.unsigned(first.to ?? 0, 4)
      const third = await store.origins.unsigned(second.to ?? 0, 4)

      assert.deepEqual(first.cids, [old.cid])
      assert.deepEqual(second.cids, [signedByOthers.cid, last.cid])
      assert.deepEqual(third, { cids: [], to: undefined })
    })

    test('a page of what is not signed ends early where manifests are large', async () => {
      await using opened = await open()
      const own = { ...local(), own: true } as const
      const items = Array.from({ length: 7 }, (_, n) =>
        sample({ summary: `${n}`, description: 'x'.repeat(60 * 1024) }),
      )
      for (const item of items) await opened.store.put(item, own)

      const { cids, to } = await opened.store.origins.unsigned(0, 100)
      const rest = await opened.store.origins.unsigned(to ?? 0, 100)

      assert.deepEqual(cids, cidsOf(items.slice(0, 5)))
      assert.deepEqual(rest.cids, cidsOf(items.slice(5)))
    })

    test('with a key, what is published is signed as it is stored, and so is what it is told to', async () => {
      await using opened = await open()
      const { store } = opened
      const [before, others, late, ...published] = Array.from({ length: 12 }, (_, n) =>
        sample({ summary: `${n}` }),
      )
      assert.ok(before && others && late)
      const localAt = (receivedAt: number) => ({ ...local(), receivedAt })
      await store.put(before, localAt(1))
      await store.origins.sign([before.cid], 5)
      assert.deepEqual(await originsIn(store, before), [])

      store.origins.signWith(signer)
      await store.put(others, peer, { origins: [originBy(1)] })
      await Promise.all(published.map((item) => store.put(item, localAt(7))))
      await store.put(others, localAt(8))
      await store.put(late, peer)
      await store.origins.sign([before.cid, sample({ summary: 'absent' }).cid], 9)

      const held = new Map(await store.origins.of(cidsOf([before, others, late, ...published])))
      const isSigned = (item: { readonly cid: Cid }, at: number) =>
        held.get(item.cid)?.some((origin) => origin.at === at && isOriginOf(item.cid, origin)) ===
        true
      assert.ok(published.every((item) => isSigned(item, 7)))
      assert.ok(isSigned(others, 8))
      assert.ok(isSigned(before, 9))
      assert.deepEqual(
        held.get(others.cid)?.map(({ peerId }) => peerId),
        originsKept(others.cid, [originBy(1), { peerId: signer.peerId }], {
          isListed: (id) => id !== keyOf(1),
        }).map(({ peerId }) => peerId),
      )
      assert.equal(held.get(late.cid), undefined)
    })

    test('the groves behind each signal are counted once, also as origins come and go', async () => {
      await using opened = await open()
      const target = sample({ summary: 'target' })
      const adopts = (n: number) =>
        sample({
          summary: `adoption ${n}`,
          kind: 'adoption',
          relations: [relation('adopts', target.cid)],
        })
      const quality = { value: 1, direction: 'maximize' as const }
      const reviews = [relation('reviews', target.cid), relation('adopts', target.cid)]
      const review = sample({ kind: 'review', scores: { quality }, relations: reviews })
      const refuted = sample({
        kind: 'reproduction',
        relations: [relation('reproduces', target.cid, { result: 'refuted' })],
      })
      const counted = async (store: GraphStore) => {
        const backing = await store.backing([target.cid, review.cid])
        return backing.map(({ signedBy }) => signedBy)
      }
      const nobody = { adoption: 0, reproduction: 0, reviews: 0 }
      for (const n of [1, 2, 3]) await opened.store.put(adopts(n), peer, { origins: [originBy(1)] })
      await opened.store.put(adopts(4), peer, { origins: [originBy(1), originBy(2)] })
      await opened.store.put(review, local(), { origins: [originBy(3)] })
      await opened.store.put(refuted, peer, { origins: [originBy(4)] })
      await opened.store.put(target, peer, { origins: [originBy(5)] })
      assert.deepEqual(await counted(opened.store), [
        { adoption: 3, reproduction: 0, reviews: 1 },
        nobody,
      ])

      const others = Array.from({ length: 40 }, (_, n) => originBy(n + 50))
      await opened.store.put(adopts(5), peer)
      for (const origin of others) await opened.store.origins.add(adopts(5).cid, [origin], 'peer')

      const store = await opened.reopen()
      const expected = { adoption: 3 + ORIGINS_MAX, reproduction: 0, reviews: 1 }
      assert.deepEqual(await counted(store), [expected, nobody])
    })
  })
}
