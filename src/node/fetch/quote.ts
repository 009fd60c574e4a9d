import { mapBounded } from '../../concurrency/semaphore.ts'
import { viewOf } from '../../core/contribution/contribution.ts'
import type { FetchOptions, FetchResult } from '../../core/wire/fetch.ts'
import type { FetchContext } from '../context.ts'
import { artifactStates, neededBlobs, sizeOf } from './artifacts.ts'
import { heldAncestors } from './closure.ts'
import { type Located, sourceOf } from './locate.ts'

const SIZES_AT_ONCE = 4
const REASON = 'not-fetched'

/** What a fetch would move: sizes, and what is missing here. Moves no artifact, stores nothing. */
export async function quote(
  node: FetchContext,
  found: Located,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchResult> {
  const { contribution, peer } = found
  const needed = await neededBlobs(node, contribution, options.artifacts)
  const sizes = new Map(found.sizes)
  await mapBounded(needed, SIZES_AT_ONCE, async (item) => {
    const sizeBytes = await sizeOf(node, { ...found, sizes, signal }, item)
    if (sizeBytes !== undefined) sizes.set(item.hash, sizeBytes)
  })
  const { present, missing } = await heldAncestors(node, contribution, options.ancestors ?? 1)
  return {
    contribution: viewOf(contribution),
    source: sourceOf(found),
    bytesMoved: found.bytesMoved,
    bytesVerified: peer === undefined ? 0 : contribution.bytes.byteLength,
    artifacts: await artifactStates(node, {
      contribution,
      artifacts: options.artifacts,
      providers: [],
      sizes,
    }),
    ancestors: present,
    missing: [
      ...needed.map(({ hash }) => ({ hash, reason: REASON })),
      ...missing.map((cid) => ({ cid, reason: REASON })),
    ],
  }
}
