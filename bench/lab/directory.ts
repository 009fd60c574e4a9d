import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cid, hashBytes } from '../../src/core/cid.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { Stores } from '../../src/ports/stores.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'

/** The header of SQLite's log, and of each page in it (file format, §4.1). */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** Puts that are under way at once while a grove is filled. */
const PUTS_AT_ONCE = 1_024
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z')

/** A draft, and the text of its artifact if it has one. */
export interface Sample {
  readonly draft: Draft
  readonly artifact?: string
}

/**
 * Fills a grove's directory through its stores, without a server. A sample may refer to the cids
 * before it.
 */
export async function fillGrove(
  dir: string,
  count: number,
  sampleOf: (number: number, before: readonly Cid[]) => Sample,
): Promise<Cid[]> {
  const stores = await openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
  try {
    const cids: Cid[] = []
    while (cids.length < count) {
      const puts: Promise<void>[] = []
      while (cids.length < count && puts.length < PUTS_AT_ONCE) {
        const { contribution, bytes } = sealed(
          sampleOf(cids.length, cids),
          EPOCH_MS + cids.length * 1_000,
        )
        cids.push(contribution.cid)
        puts.push(put(stores, contribution, bytes))
      }
      await Promise.all(puts)
    }
    return cids
  } finally {
    await stores.close()
  }
}

/** What the next checkpoint of a directory's database will write: each page of its log once. */
export async function bytesToCheckpoint(dir: string): Promise<number> {
  const log = await readFile(join(dir, 'grove.db-wal'))
  if (log.byteLength === 0) return 0
  const pageBytes = log.readUInt32BE(8)
  const pages = new Set<number>()
  const frameBytes = FRAME_HEADER_BYTES + pageBytes
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= log.byteLength; at += frameBytes)
    pages.add(log.readUInt32BE(at))
  return pages.size * pageBytes
}

function sealed({ draft, artifact }: Sample, now: number) {
  if (artifact === undefined) return { contribution: sealDraft(draft, now), bytes: undefined }
  const bytes = Buffer.from(artifact)
  return {
    contribution: sealDraft({ ...draft, artifacts: { 'notes.txt': hashBytes(bytes) } }, now),
    bytes,
  }
}

async function put(
  { graph, blobs }: Stores,
  contribution: Contribution,
  bytes: Uint8Array | undefined,
): Promise<void> {
  if (bytes !== undefined) await blobs.put(bytes)
  await graph.put(contribution, { origin: 'local', receivedAt: EPOCH_MS })
}

/**
 * Throws unless the directory of a stopped grove holds these contributions, with all artifacts, and
 * no others.
 */
export async function verifyStored(dir: string, cids: readonly Cid[]): Promise<void> {
  const stores = await openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
  try {
    const held = await stores.graph.count()
    if (held !== new Set(cids).size) throw new Error(`${cids.length} acknowledged, ${held} stored`)
    const found = await stores.graph.getMany(cids)
    if (found.length !== cids.length)
      throw new Error(`${cids.length - found.length} acknowledged contributions are lost`)
    const missing = await stores.blobs.missing(
      found.flatMap(({ manifest }) => Object.values(manifest.artifacts)),
    )
    if (missing.length > 0)
      throw new Error(`${missing.length} artifacts of acknowledged contributions are lost`)
  } finally {
    await stores.close()
  }
}
