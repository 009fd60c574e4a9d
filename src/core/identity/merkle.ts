import { rawHash } from '../cid.ts'

/**
 * Merkle trees in the shape of RFC 9162 §2.1, with BLAKE3: a leaf is the hash of a zero byte and
 * what it stands for, an inner node that of a one byte and both of its parts. The left part has as
 * many leaves as the largest power of two that leaves some for the right one.
 */

/** A leaf's place, and what is hashed with it on the way to the root: the nearest first. */
export interface MerklePath {
  readonly index: number
  /** Leaves of the tree. */
  readonly count: number
  readonly siblings: readonly Uint8Array[]
}

const HASH_BYTES = 32

/** The root over some values, and the path of each. O(n log n). */
export function merkleTree(values: readonly Uint8Array[]): {
  readonly root: Uint8Array
  readonly paths: readonly MerklePath[]
} {
  const leaves = values.map(leafOf)
  const siblings: Uint8Array[][] = values.map(() => [])
  const root = subtree(leaves, 0, siblings)
  const count = values.length
  return { root, paths: siblings.map((each, index) => ({ index, count, siblings: each })) }
}

/** The root to which a value's path leads; undefined if the path is too short or too long. */
export function rootOf(
  value: Uint8Array,
  { index, count, siblings }: MerklePath,
): Uint8Array | undefined {
  if (index >= count || siblings.length !== stepsOf(index, count)) return undefined
  return climb(leafOf(value), index, count, siblings)
}

/** The hashes in a path, one after the other. */
export const pathBytes = ({ siblings }: MerklePath): Uint8Array => Buffer.concat(siblings)

/** The hashes in such bytes; undefined if they are not whole. */
export function siblingsIn(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.byteLength % HASH_BYTES !== 0) return undefined
  return Array.from({ length: bytes.byteLength / HASH_BYTES }, (_, n) =>
    bytes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES),
  )
}

function subtree(
  leaves: readonly Uint8Array[],
  first: number,
  siblings: Uint8Array[][],
): Uint8Array {
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return only
  const split = splitOf(leaves.length)
  const left = subtree(leaves.slice(0, split), first, siblings)
  const right = subtree(leaves.slice(split), first + split, siblings)
  for (let n = 0; n < leaves.length; n++) siblings[first + n]?.push(n < split ? right : left)
  return inner(left, right)
}

function climb(
  leaf: Uint8Array,
  index: number,
  count: number,
  siblings: readonly Uint8Array[],
): Uint8Array {
  const last = siblings.at(-1)
  if (last === undefined) return leaf
  const split = splitOf(count)
  const below = siblings.slice(0, -1)
  return index < split
    ? inner(climb(leaf, index, split, below), last)
    : inner(last, climb(leaf, index - split, count - split, below))
}

/** Steps from a leaf to the root. */
function stepsOf(index: number, count: number): number {
  if (count <= 1) return 0
  const split = splitOf(count)
  return 1 + (index < split ? stepsOf(index, split) : stepsOf(index - split, count - split))
}

/** The largest power of two below a count, which is at least 2. */
const splitOf = (count: number): number => 2 ** Math.ceil(Math.log2(count) - 1)

function leafOf(value: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(1 + value.byteLength)
  bytes.set(value, 1)
  return rawHash(bytes)
}

function inner(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(1 + left.byteLength + right.byteLength)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 1 + left.byteLength)
  return rawHash(bytes)
}
