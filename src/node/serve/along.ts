import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { isGroveError } from '../../core/errors.ts'
import {
  ALONG_MAX_BYTES,
  type AlongRequest,
  artifactLine,
  CLOSURE_RECORDS,
} from '../../core/wire/closure.ts'
import type { ServeContext } from '../context.ts'
import { streamClosure } from './closure.ts'

const LINE_END = Buffer.from('\n')
/** Artifacts of one contribution that are looked for: each costs a look at the disk. */
const LOOKED_FOR_MAX = 100

/**
 * A line of a manifest, and with it what a grove that fetches the contribution asks for next: its
 * small artifacts, and its closure. What doesn't fit is left out, and asked for as ever.
 */
export async function withAlong(
  node: ServeContext,
  contribution: Contribution,
  { ancestors, artifactBytes }: AlongRequest,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const artifacts = await smallArtifacts(node, contribution, artifactBytes)
  const lines = [contribution.bytes, ...artifacts.map(artifactLine)]
  const closure = await smallClosure(node, contribution.cid, ancestors, signal)
  return Buffer.concat([...lines.flatMap((line) => [line, LINE_END]), ...closure])
}

/** Each once, in the order of their names: of the first ones, as many as there is room for. */
async function smallArtifacts(
  node: ServeContext,
  { manifest }: Contribution,
  maxBytes: number,
): Promise<Uint8Array[]> {
  const artifacts: Uint8Array[] = []
  let left = maxBytes
  const hashes = new Set(Object.values(manifest.artifacts))
  for (const hash of [...hashes].slice(0, LOOKED_FOR_MAX)) {
    if (left <= 0) break
    const { sizeBytes } = (await node.blobs.stat(hash)) ?? {}
    if (sizeBytes === undefined || sizeBytes > left) continue
    const bytes = await bytesOf(node, hash)
    if (bytes === undefined) continue
    artifacts.push(bytes)
    left -= bytes.byteLength
  }
  return artifacts
}

/** Undefined for a blob that can't be read: who asks for it by itself is told why. */
async function bytesOf({ blobs }: ServeContext, hash: Cid): Promise<Uint8Array | undefined> {
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of await blobs.get(hash)) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    if (!isGroveError(error)) throw error
    return undefined
  }
}

/** The lines of a closure; none if there are too many. */
async function smallClosure(
  node: ServeContext,
  cid: Cid,
  ancestors: number,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const lines: Uint8Array[] = []
  let left = ALONG_MAX_BYTES
  const request = { cid, ancestors, evidence: true, replies: true }
  for await (const line of streamClosure(node, request, { form: CLOSURE_RECORDS, signal })) {
    left -= line.byteLength
    if (left < 0) return []
    lines.push(line)
  }
  return lines
}
