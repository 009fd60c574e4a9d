import type { Cid } from '../../core/cid.ts'
import { NO_ORIGINS, originMark } from '../../core/identity/origin-mark.ts'
import { originAttestation } from '../../core/identity/origin-text.ts'
import { ORIGINS_TOLD_MAX } from '../../core/limits.ts'
import type { OriginsAnswer, OriginsRequest } from '../../core/wire/federation.ts'
import type { ServeContext } from '../context.ts'

/** Contributions that are looked up at once. */
const LOOKED_UP = 50
/** Origins with which an answer ends: each may take 640 bytes. */
const ANSWER_MAX = 1_000

type Node = Pick<ServeContext, 'origins' | 'breathe'>

/** Fingerprints of who has signed these contributions, in their order, one after the other. */
export async function originMarks(node: Node, cids: readonly Cid[]): Promise<string> {
  let marks = ''
  for (let from = 0; from < cids.length; from += LOOKED_UP) {
    await node.breathe()
    const some = cids.slice(from, from + LOOKED_UP)
    const kept = new Map(await node.origins.of(some))
    for (const cid of some) marks += originMark(kept.get(cid) ?? [])
  }
  return marks
}

/** Who has signed these contributions, the foremost first, as far as one answer has room. */
export async function originsOf(node: Node, { cids }: OriginsRequest): Promise<OriginsAnswer> {
  const told: OriginsAnswer['origins'] = []
  let [looked, count] = [0, 0]
  for (const cid of cids) {
    if (count >= ANSWER_MAX) break
    await node.breathe()
    const [[, origins = []] = []] = await node.origins.of([cid])
    const attestations = origins.slice(0, ORIGINS_TOLD_MAX).map(originAttestation)
    if (attestations.length > 0) told.push({ cid, attestations })
    count += attestations.length
    looked += 1
  }
  return { origins: told, looked }
}

/** Whether a peer may know of an origin that is not known here, by both fingerprints. */
export const mayDiffer = (theirs: string, ours: string): boolean =>
  theirs !== NO_ORIGINS && theirs !== ours
