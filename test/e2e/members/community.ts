import assert from 'node:assert/strict'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import type { ContributionView, Draft } from '../../../src/core/contribution/schema.ts'
import { isOriginOf } from '../../../src/core/identity/origin.ts'
import { readOriginHeader } from '../../../src/core/identity/origin-text.ts'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { FrontierAnswer } from '../../../src/core/wire/frontier.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { until } from '../../support/until.ts'

/** Far longer than anything takes, also on a machine that is ten times slower. */
const WITHIN_MS = 300_000

/** A grove that this process can call. */
export interface Place {
  readonly name: string
  readonly id: string
  readonly url: string
}

/** Each trusts all others, so that their works count with it. */
export async function trustEachOther(places: readonly Place[]): Promise<void> {
  for (const { id: here, url } of places)
    for (const { id } of places)
      if (id !== here)
        await postJson(url, '/api/federation/standings', { peer: id, standing: 'trusted' })
}

let works = 0
/** Publishes a work of its own, with a file. */
export function publish({ name, url }: Place): Promise<ContributionView> {
  const scores = { loss: { value: ++works, direction: 'minimize' as const } }
  const summary = `work ${works} of ${name}`
  return publishTo(url, { summary, scores }, { 'a.txt': summary.repeat(500) })
}

/** Publishes a review or an adoption of a work that is held there. */
export function say({ url }: Place, kind: 'review' | 'adoption', { cid }: ContributionView) {
  const relationType = kind === 'review' ? 'reviews' : 'adopts'
  const quality = { value: 1, direction: 'maximize' } as const
  const draft: Partial<Draft> = {
    kind,
    scores: kind === 'review' ? { quality } : {},
    relations: [{ targetCid: cid, relationType }],
  }
  return publishTo(url, draft)
}

export async function holds({ url }: Place, { cid }: ContributionView): Promise<boolean> {
  return (await fetch(`${url}/api/contributions/${cid}`)).status === 200
}

export const untilHeld = (place: Place, work: ContributionView): Promise<boolean> =>
  until(`${place.name} holds ${work.cid}`, () => holds(place, work), WITHIN_MS)

/**
 * Waits until all hold the same, by the same signers, ranked alike, with all files, and see each
 * other alive; then reads every byte that they hold, and hashes it.
 */
export async function agree(
  places: readonly Place[],
  published: readonly ContributionView[],
): Promise<void> {
  const all = published.map(({ cid }) => cid).toSorted()
  const outcome = async () => {
    for (const place of places) if ((await heldBy(place)).length < all.length) return undefined
    const states = await Promise.all(places.map(stateOf))
    return new Set(states.map((state) => JSON.stringify(state))).size === 1 && states[0]
  }
  const { cids, signers } = await until('all agree', outcome, WITHIN_MS)
  assert.deepEqual(cids, all)
  assert.deepEqual(
    signers.map(({ length }) => length),
    cids.map(() => 1),
  )
  for (const place of places) {
    await until(`${place.name} sees all others`, () => seesOthers(place, places), WITHIN_MS)
    for (const work of published) await verifyBytes(place, work)
  }
}

async function heldBy({ url }: Place): Promise<Cid[]> {
  const views = await getJson<ContributionView[]>(url, '/api/contributions?limit=1000')
  return views.map(({ cid }) => cid).toSorted()
}

/** All that a grove holds, who signed it, and what it ranks first. */
async function stateOf(place: Place) {
  const { url } = place
  const cids = await heldBy(place)
  const signers = await Promise.all(
    cids.map(async (cid) => {
      const { headers } = await fetch(`${url}/api/gossip/contribution/${cid}`)
      const { origins } = readOriginHeader(headers.get('grove-origin') ?? '')
      return origins.filter((origin) => isOriginOf(cid, origin)).map(({ peerId }) => peerId)
    }),
  )
  const frontier = await getJson<FrontierAnswer>(url, '/api/frontier?limit=100')
  const { byMetric, byAdoption, byReviewScore } = frontier
  const ranked = [byMetric['loss'] ?? [], byAdoption, byReviewScore].map((list) =>
    list.map(({ cid, value }) => `${cid} ${value}`),
  )
  return { cids, signers, ranked }
}

async function seesOthers({ url, id: here }: Place, places: readonly Place[]): Promise<boolean> {
  const path = '/api/federation/peers'
  const { peers } = await getJson<{ peers: FederationPeer[] }>(url, path)
  const alive = new Set(
    peers.filter(({ status }) => status === 'alive').map(({ peerId }) => peerId),
  )
  return places.every(({ id }) => id === here || alive.has(id))
}

/** Reads a manifest and its files, which come after it, and hashes them. */
async function verifyBytes({ name, url }: Place, { cid, artifacts }: ContributionView) {
  const manifest = await fetch(`${url}/api/gossip/contribution/${cid}`)
  assert.equal(hashBytes(Buffer.from(await manifest.arrayBuffer())), cid)
  for (const hash of Object.values(artifacts)) {
    const blob = await until(
      `${name} holds ${hash}`,
      async () => {
        const answer = await fetch(`${url}/api/blobs/${hash}`)
        const bytes = Buffer.from(await answer.arrayBuffer())
        return answer.status === 200 && bytes
      },
      WITHIN_MS,
    )
    assert.equal(hashBytes(blob), hash, `${name}: ${cid}`)
  }
}
