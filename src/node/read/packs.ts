import { type Cid, CidHasher } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { INDEX_NAME, ownName, partName } from '../../core/contribution/pack.ts'
import { IndexReader, type PackEntry, type PackIndex } from '../../core/contribution/pack-index.ts'
import { isPack } from '../../core/contribution/tree.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { BlobInfo, ByteRange, PendingBlob } from '../../ports/blob-store.ts'
import type { PackIndexes, ReadContext } from '../context.ts'

/** Memory for the indexes of packs that were read lately: the last one stays, however large. */
const INDEXES_MAX_BYTES = 32 * 1024 * 1024
/** Bytes of an index that are read at once: some hundred lines, in a few milliseconds. */
const INDEX_STEP_BYTES = 16 * 1024

/** Keeps the indexes of packs that were read lately. */
export class PackIndexCache implements PackIndexes {
  readonly #kept = new Map<Cid, Promise<PackIndex>>()
  readonly #bytes = new Map<Cid, number>()

  get(hash: Cid, read: () => Promise<PackIndex>): Promise<PackIndex> {
    const index = this.#kept.get(hash) ?? read()
    this.#kept.delete(hash)
    this.#kept.set(hash, index)
    index.then(
      ({ memoryBytes }) => this.#bound(hash, memoryBytes),
      () => this.#drop(hash),
    )
    return index
  }

  #bound(hash: Cid, memoryBytes: number): void {
    this.#bytes.set(hash, memoryBytes)
    for (const oldest of this.#kept.keys()) {
      const total = [...this.#bytes.values()].reduce((sum, each) => sum + each, 0)
      if (total <= INDEXES_MAX_BYTES || oldest === hash) return
      this.#drop(oldest)
    }
  }

  #drop(hash: Cid): void {
    this.#kept.delete(hash)
    this.#bytes.delete(hash)
  }
}

/** A pack whose index is held and agrees with its manifest. */
export interface HeldPack {
  readonly index: PackIndex
  /** The hashes of its parts. */
  readonly parts: readonly Cid[]
}

type PackContext = Pick<ReadContext, 'blobs' | 'breathe' | 'packs'>

/**
 * The pack of a contribution; undefined if it is none. `pending` are artifacts that aren't stored
 * yet. Throws `blob-missing` while its index isn't held, `pack-invalid`.
 */
export async function packOf(
  node: PackContext,
  { cid, manifest }: Contribution,
  pending: readonly PendingBlob[] = [],
): Promise<HeldPack | undefined> {
  if (!isPack(manifest)) return undefined
  const hashOf = (name: string) =>
    Object.hasOwn(manifest.artifacts, name) ? manifest.artifacts[name] : undefined
  const hash = hashOf(INDEX_NAME) as Cid
  const coming = pending.find((blob) => blob.hash === hash)
  const index =
    coming === undefined
      ? await node.packs.get(hash, () => readIndex(node, cid, hash))
      : await indexIn(node, coming.bytes.byteLength, [coming.bytes])
  const parts = index.partBytes.map((_, number) => hashOf(partName(number)))
  const lost = index.own.find((own) => hashOf(ownName(own)) !== own)
  if (lost !== undefined || parts.includes(undefined)) {
    const message = `the pack of ${cid} lists files that the contribution doesn't have`
    throw new GroveError('pack-invalid', { cid }, { message })
  }
  return { index, parts: parts as Cid[] }
}

/** The bytes of a packed file, or a range of them; whole ones are hashed. Throws `pack-invalid`. */
export async function readPacked(
  node: ReadContext,
  { path, hash, sizeBytes, place }: Extract<PackEntry, { hash: Cid }>,
  blob: BlobInfo,
  { range, signal }: { range?: ByteRange; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const from = place.part === undefined ? 0 : place.offset
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
  if (range !== undefined && (start > end || end >= sizeBytes))
    throw new GroveError('range-invalid', { path, sizeBytes })
  if (from + sizeBytes > blob.sizeBytes) throw contradicts(path)
  const bytes =
    sizeBytes === 0
      ? [new Uint8Array()]
      : await node.blobs.get(blob.hash, { range: { start: from + start, end: from + end }, signal })
  return range === undefined ? hashed(bytes, path, hash) : (bytes as AsyncIterable<Uint8Array>)
}

/**
 * Throws `validation-error` for a draft that says it is a pack and is none: readers would refuse
 * it. Of the parts only their names are checked.
 */
export async function requirePack(
  node: PackContext,
  contribution: Contribution,
  pending: readonly PendingBlob[],
): Promise<void> {
  try {
    await packOf(node, contribution, pending)
  } catch (cause) {
    if (!isGroveError(cause, 'pack-invalid')) throw cause
    throw new GroveError('validation-error', cause.details, { cause, message: cause.message })
  }
}

/** Reads an index in small steps, since one may have half a million lines. */
async function indexIn(
  node: Pick<ReadContext, 'breathe'>,
  sizeBytes: number,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<PackIndex> {
  const reader = new IndexReader(sizeBytes)
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.byteLength; from += INDEX_STEP_BYTES) {
      await node.breathe()
      reader.push(chunk.subarray(from, from + INDEX_STEP_BYTES))
    }
  }
  return reader.finish()
}

async function readIndex(node: PackContext, cid: Cid, hash: Cid): Promise<PackIndex> {
  const info = await node.blobs.stat(hash)
  if (info === undefined) {
    const message = `the list of files of ${cid} is missing: fetch the contribution to complete it`
    throw new GroveError('blob-missing', { cid, name: INDEX_NAME, hash }, { message })
  }
  return indexIn(node, info.sizeBytes, await node.blobs.get(hash))
}

/** The bytes, of which the last are held back until all have the right hash. */
async function* hashed(
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  path: string,
  expected: Cid,
): AsyncGenerator<Uint8Array> {
  const hasher = new CidHasher()
  let last: Uint8Array | undefined
  for await (const chunk of bytes) {
    hasher.update(chunk)
    if (last !== undefined) yield last
    last = chunk
  }
  if (hasher.digest() !== expected) throw contradicts(path)
  if (last !== undefined) yield last
}

function contradicts(path: string): GroveError {
  const message = `the pack has other bytes for '${path}' than its index says`
  return new GroveError('pack-invalid', { path }, { message })
}
