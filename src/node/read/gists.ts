import { ByteCache } from '../../concurrency/byte-cache.ts'
import type { Cid } from '../../core/cid.ts'
import { membersOf } from '../../core/contribution/scan.ts'
import type { Gist, GistReader, Gists } from '../context.ts'

/** Memory of all gists that are kept; estimated. */
const GISTS_MAX_BYTES = 8 * 1024 * 1024
/** What an object costs beside its characters, in bytes; estimated. */
const OBJECT_BYTES = 256
const MEMBERS = ['kind', 'scores', 'summary', 'agent'] as const

/**
 * The gists of contributions, which are kept: peers and callers have the same ones looked at again
 * and again, and a manifest may have a mebibyte to be hashed.
 */
export class GistCache implements Gists {
  readonly #kept = new ByteCache<Cid, Gist>(GISTS_MAX_BYTES)
  readonly #underWay = new Map<Cid, Promise<Gist | undefined>>()

  /** Those of the cids that are held, in their order. */
  async *each(node: GistReader, cids: Iterable<Cid>): AsyncGenerator<Gist, void, undefined> {
    for (const cid of cids) {
      await node.breathe()
      const gist = this.#kept.get(cid) ?? (await this.#readOnce(node, cid))
      if (gist !== undefined) yield gist
    }
  }

  async #readOnce(node: GistReader, cid: Cid): Promise<Gist | undefined> {
    const underWay = this.#underWay.get(cid)
    if (underWay !== undefined) return underWay
    const read = this.#read(node, cid)
    this.#underWay.set(cid, read)
    try {
      return await read
    } finally {
      this.#underWay.delete(cid)
    }
  }

  async #read({ contributions }: GistReader, cid: Cid): Promise<Gist | undefined> {
    const bytes = await contributions.bytes(cid)
    if (bytes === undefined) return undefined
    const { kind, scores, summary, agent } = membersOf(bytes, MEMBERS)
    const { agentId } = agent
    const gist = { cid, manifest: { kind, summary, agent: { agentId }, ...(scores && { scores }) } }
    return this.#kept.keep(cid, gist, OBJECT_BYTES + 4 * JSON.stringify(gist).length)
  }
}
