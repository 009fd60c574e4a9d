import type { Cid } from '../core/cid.ts'
import type { ContributionStore, Stored } from '../ports/contribution-store.ts'
import type { Breathing } from './context.ts'

interface ReadEach extends Breathing {
  readonly contributions: Pick<ContributionStore, 'get'>
}

/**
 * Those of the cids that are held, in their order. It breathes in between, since each manifest may
 * have a mebibyte to be hashed and parsed.
 */
export async function* readEach(
  node: ReadEach,
  cids: Iterable<Cid>,
): AsyncGenerator<Stored, void, undefined> {
  for (const cid of cids) {
    await node.breathe()
    const stored = await node.contributions.get(cid)
    if (stored !== undefined) yield stored
  }
}
