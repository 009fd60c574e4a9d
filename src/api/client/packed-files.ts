import { type Cid, hashBytes } from '../../core/cid.ts'
import { INDEX_NAME, partName } from '../../core/contribution/pack.ts'
import { IndexReader, type PackEntry, type PackIndex } from '../../core/contribution/pack-index.ts'
import type { ContributionView } from '../../core/contribution/schema.ts'
import { isGroveError } from '../../core/errors.ts'
import type { PlainFile } from '../../workspace/file.ts'
import type { GroveApi } from './api.ts'

/** A longer part is not held in memory: its files are asked for one by one. */
const PART_MAX_BYTES = 16 * 1024 * 1024
/** Parts that are held at once: files that are read together lie in neighbouring ones. */
const PARTS_HELD = 3
type ContentEntry = Extract<PackEntry, { hash: Cid }>

/**
 * Reads the files of a held pack by whole parts, which takes a request for each part instead of one
 * for each file. Files are asked for in the order that `sorted` gives them.
 */
export class PackedFiles {
  readonly #grove: GroveApi
  readonly #contribution: ContributionView
  readonly #entries = new Map<string, ContentEntry>()
  /** Bytes of each part, and how many of them are wanted. */
  readonly #parts: readonly { readonly sizeBytes: number; wantedBytes: number }[]
  readonly #held = new Map<number, Promise<Buffer | undefined>>()

  private constructor(grove: GroveApi, contribution: ContributionView, index: PackIndex) {
    this.#grove = grove
    this.#contribution = contribution
    this.#parts = index.partBytes.map((sizeBytes) => ({ sizeBytes, wantedBytes: 0 }))
  }

  /** `paths` are those that will be read. Throws `blob-missing`, `pack-invalid`. */
  static async open(
    grove: GroveApi,
    contribution: ContributionView,
    paths: readonly string[],
    signal?: AbortSignal,
  ): Promise<PackedFiles> {
    const index = await readIndex(grove, contribution.artifacts[INDEX_NAME] as Cid, signal)
    const opened = new PackedFiles(grove, contribution, index)
    const wanted = new Set(paths)
    for (let at = 0; at < index.count; at++) {
      const entry = index.entry(at)
      if (entry.hash !== undefined && wanted.has(entry.path)) opened.#want(entry)
    }
    return opened
  }

  #want(entry: ContentEntry): void {
    this.#entries.set(entry.path, entry)
    const part = entry.place.part === undefined ? undefined : this.#parts[entry.place.part]
    if (part !== undefined) part.wantedBytes += entry.sizeBytes
  }

  /** Files in the order of their bytes in the parts. */
  sorted<F extends { readonly path: string }>(files: readonly F[]): F[] {
    const placeOf = ({ path }: F) => {
      const place = this.#entries.get(path)?.place
      return place?.part === undefined ? [-1, 0] : [place.part, place.offset]
    }
    return files
      .map((file) => ({ file, place: placeOf(file) }))
      .sort(({ place: [a = 0, from = 0] }, { place: [b = 0, to = 0] }) => a - b || from - to)
      .map(({ file }) => file)
  }

  /** The bytes of a file. What its part doesn't have right is asked for by itself. */
  async read({ path, hash }: PlainFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const entry = this.#entries.get(path)
    const found = entry === undefined ? undefined : await this.#slice(entry, signal)
    if (found !== undefined && hashBytes(found) === hash) return once(found)
    return (await this.#grove.file({ cid: this.#contribution.cid, path }, { signal })).body
  }

  async #slice(
    { place, sizeBytes }: ContentEntry,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    if (place.part === undefined) return undefined
    const part = await this.#part(place.part, signal)
    return part?.subarray(place.offset, place.offset + sizeBytes)
  }

  #part(number: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const held = this.#held.get(number)
    if (held !== undefined) return held
    const { sizeBytes = 0, wantedBytes = 0 } = this.#parts[number] ?? {}
    const isWorthIt = sizeBytes <= PART_MAX_BYTES && wantedBytes * 2 >= sizeBytes
    const hash = this.#contribution.artifacts[partName(number)]
    const part =
      isWorthIt && hash !== undefined
        ? this.#download(hash, sizeBytes, signal)
        : Promise.resolve(undefined)
    this.#held.set(number, part)
    for (const oldest of this.#held.keys())
      if (this.#held.size > PARTS_HELD) this.#held.delete(oldest)
    return part
  }

  /** A part; undefined if it can't be had as it should be. */
  async #download(hash: Cid, sizeBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    try {
      const part = Buffer.alloc(sizeBytes)
      let filled = 0
      for await (const chunk of (await this.#grove.blob({ hash }, { signal })).body) {
        if (filled + chunk.byteLength > sizeBytes) return undefined
        part.set(chunk, filled)
        filled += chunk.byteLength
      }
      return filled === sizeBytes ? part : undefined
    } catch (error) {
      if (signal.aborted || !isGroveError(error)) throw error
      return undefined
    }
  }
}

async function readIndex(grove: GroveApi, hash: Cid, signal?: AbortSignal): Promise<PackIndex> {
  const { body, sizeBytes } = await grove.blob({ hash }, signal && { signal })
  const reader = new IndexReader(sizeBytes)
  for await (const chunk of body) reader.push(chunk)
  return reader.finish()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
