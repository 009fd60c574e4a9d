import { randomBytes } from 'node:crypto'
import { type Cid, hashBytes } from '../src/core/cid.ts'
import { type Contribution, sealDraft } from '../src/core/contribution/contribution.ts'
import type { Draft } from '../src/core/contribution/schema.ts'
import type { Stores } from '../src/ports/stores.ts'
import { systemRandom } from '../src/runtime/random.ts'
import { nextTurn } from '../src/runtime/turn.ts'
import { openSqliteStores } from '../src/stores/sqlite/open.ts'
import type { Ask } from './load-client.ts'

/** Puts that are under way at once while a grove is filled. */
const PUTS_AT_ONCE = 1_024
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z')

/** A result as agents publish it: one score, two tags. Different for each number, and from run to run. */
export function sampleDraft(number: number, metric = 'val_bpb'): Draft {
  return {
    kind: 'work',
    mode: 'evaluation',
    summary: `trial ${number} of run ${run}: wider context, lower learning rate`,
    scores: { [metric]: { value: 1 + spread(number), direction: 'minimize', unit: 'bpb' } },
    tags: ['bench', `series-${number % 16}`],
    agent: { agentId: `agent-${number % 8}`, platform: 'bench' },
  }
}

const run = randomBytes(6).toString('hex')

/** Numbers in 0 … 1 in no order (Weyl's sequence of the golden ratio). */
function spread(number: number): number {
  return (number * 0.618_033_988_749_894_8) % 1
}

/** The publish of a draft as JSON. */
export function publishAsk(draft: Draft): Ask {
  return {
    method: 'POST',
    path: '/api/contributions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(draft),
  }
}

const BOUNDARY = 'grove-bench-boundary'

/** The start of a multipart publish, up to the bytes of its one artifact, and its end. */
export function multipartFrame(
  draft: Draft,
  name: string,
): { headers: Record<string, string>; head: string; tail: string } {
  const part = (field: string, type: string) =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${field}"; filename="${name}"\r\ncontent-type: ${type}\r\n\r\n`
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    head: `${part('manifest', 'application/json')}${JSON.stringify(draft)}\r\n${part(`artifact:${name}`, 'application/octet-stream')}`,
    tail: `\r\n--${BOUNDARY}--\r\n`,
  }
}

/** The publish of a draft with one artifact of text, as multipart. */
export function multipartAsk(draft: Draft, name: string, content: string): Ask {
  const { headers, head, tail } = multipartFrame(draft, name)
  return { method: 'POST', path: '/api/contributions', headers, body: head + content + tail }
}

/** Text of so many characters that no two numbers share. */
export function sampleText(number: number, chars: number): string {
  return `artifact ${number} of run ${run}\n`.padEnd(chars, '0123456789abcdef')
}

/** A contribution to be, and the text of its one artifact where it has one. */
export interface Sample {
  readonly draft: Draft
  readonly artifact?: string
}

/** Fills a grove's directory without a server, through its own stores. Each sample may refer to the cids before it. */
export async function fillGrove(
  dir: string,
  count: number,
  sampleOf: (number: number, before: readonly Cid[]) => Sample,
): Promise<Cid[]> {
  const stores = await openSqliteStores({ dir, nextTurn, random: systemRandom })
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

/** Throws unless a directory, whose grove has ended, holds exactly these contributions and all of their artifacts. */
export async function verifyStored(dir: string, cids: readonly Cid[]): Promise<void> {
  const stores = await openSqliteStores({ dir, nextTurn, random: systemRandom })
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
