import type { AboutAnswer, AboutRequest } from '../../core/wire/federation.ts'
import type { ServeContext } from '../context.ts'
import { originMarks } from './origins.ts'

/** Relations that are read for one question. */
const ABOUT_MAX_EDGES = 5_000

/**
 * The held ones of these contributions about which something is held, as fingerprints: so another
 * grove learns of replies, reviews and reproductions that it lacks.
 */
export async function about(
  node: ServeContext,
  { cids, origins = false }: AboutRequest,
): Promise<AboutAnswer> {
  const absent = new Set(await node.contributions.missing(cids))
  const found: AboutAnswer['about'] = []
  let looked = 0
  let edgesRead = 0
  for (const cid of cids) {
    if (edgesRead > ABOUT_MAX_EDGES) break
    looked += 1
    if (absent.has(cid)) continue
    await node.breathe()
    const { mark, edges, edgesRead: read } = await node.marks.about(cid)
    edgesRead += read
    if (edges > 0) found.push({ cid, mark })
  }
  const signed = origins ? await originMarks(node, cids.slice(0, looked)) : undefined
  return { about: found, looked, ...(signed !== undefined && { signed }) }
}
