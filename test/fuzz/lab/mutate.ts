import type { Lot } from './lot.ts'
import { pieces, rawBytes, values } from './words.ts'

/** How inputs of a target are made from its seeds. */
export type Form =
  /** Bytes or text, changed piece by piece. */
  | 'bytes'
  /** JSON, changed member by member, or as text. */
  | 'json'
  /** Lines of a head, an empty line, and a body that is JSON or anything. */
  | 'message'

/** The most changes of one seed. */
const CHANGES_MAX = 8
/** How often a list gets one item many times. */
const CROWDED = 1 / 6
/** How often a stretch is repeated until the input is as long as it may be. */
const LONG = 1 / 64

/** Another input, made of a seed and perhaps of a second one. */
export function mutated(
  seeds: readonly Uint8Array[],
  { form, maxBytes }: { readonly form: Form; readonly maxBytes: number },
  lot: Lot,
): Buffer {
  const seed = Buffer.from(lot.pick(seeds))
  const changed = ways[form](seed, { seeds, maxBytes, lot })
  return changed.subarray(0, maxBytes)
}

interface Change {
  readonly seeds: readonly Uint8Array[]
  readonly maxBytes: number
  readonly lot: Lot
}

const ways: Readonly<Record<Form, (seed: Buffer, change: Change) => Buffer>> = {
  bytes: changedBytes,
  json: (seed, change) =>
    change.lot.happens(0.7) ? changedJson(seed, change) : changedBytes(seed, change),
  message(seed, change) {
    const end = seed.indexOf('\n\n')
    if (end < 0 || change.lot.happens(0.2)) return changedBytes(seed, change)
    const [head, body] = [seed.subarray(0, end), seed.subarray(end + 2)]
    const isHead = body.length === 0 || change.lot.happens(0.5)
    return isHead
      ? Buffer.concat([changedBytes(head, change), seed.subarray(end)])
      : Buffer.concat([seed.subarray(0, end + 2), changedJson(body, change)])
  },
}

function changedBytes(seed: Buffer, { seeds, maxBytes, lot }: Change): Buffer {
  let bytes = seed
  for (let changes = 1 + lot.small(CHANGES_MAX); changes > 0; changes--) {
    const at = lot.below(bytes.length + 1)
    const end = Math.min(bytes.length, at + lot.small(bytes.length - at + 2))
    const by = lot.pick(replacements)(bytes.subarray(at, end), lot, seeds)
    bytes = replaced(bytes, [at, end], by).subarray(0, maxBytes)
  }
  if (!lot.happens(LONG)) return bytes
  const at = lot.below(bytes.length + 1)
  const stretch = lot.happens(0.5)
    ? bytes.subarray(at, at + 1 + lot.small(16))
    : Buffer.from(lot.pick(pieces))
  const times = Math.floor((maxBytes - bytes.length) / Math.max(1, stretch.length))
  return replaced(bytes, [at, at], repeated(stretch, Math.max(0, times)))
}

function replaced(bytes: Buffer, [from, to]: readonly [number, number], by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)])
}

type Replace = (stretch: Buffer, lot: Lot, seeds: readonly Uint8Array[]) => Uint8Array

const replacements: readonly Replace[] = [
  () => Buffer.alloc(0),
  (stretch, lot) => Buffer.concat([Buffer.from(lot.pick(pieces)), stretch]),
  (stretch, lot) => Buffer.concat([Buffer.from(lot.pick(pieces)), stretch.subarray(1)]),
  (_, lot) => Buffer.from(lot.pick(pieces)),
  (stretch, lot) => Buffer.concat([lot.pick(rawBytes), stretch]),
  (stretch, lot) => repeated(stretch, 1 + lot.small(20)),
  (stretch) => Buffer.from(stretch).reverse(),
  (stretch) => Buffer.from(stretch.toString('latin1').toUpperCase(), 'latin1'),
  (stretch, lot, seeds) => Buffer.concat([stretch, stretchOf(lot.pick(seeds), lot)]),
  (stretch, lot) => {
    const bytes = Buffer.from(stretch)
    if (bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ (1 << lot.below(8))
    return bytes
  },
  (stretch, lot) => Buffer.concat([Buffer.of(lot.below(256)), stretch.subarray(1)]),
]

function stretchOf(bytes: Uint8Array, lot: Lot): Uint8Array {
  const at = lot.below(bytes.length + 1)
  return bytes.subarray(at, at + lot.below(bytes.length - at + 1))
}

const repeated = (stretch: Uint8Array, times: number): Buffer =>
  Buffer.alloc(stretch.length * times, stretch)

/** JSON of which some members are changed; what is no JSON is changed as bytes. */
function changedJson(seed: Buffer, change: Change): Buffer {
  const { lot } = change
  let root: unknown
  try {
    root = JSON.parse(seed.toString())
  } catch {
    return changedBytes(seed, change)
  }
  for (let changes = 1 + lot.small(4); changes > 0; changes--) root = withChange(root, lot)
  if (lot.happens(CROWDED)) crowd(root, change)
  const text = JSON.stringify(root) ?? 'null'
  return lot.happens(0.1) ? changedBytes(Buffer.from(text), change) : Buffer.from(text)
}

type Holder = Record<string, unknown>

function withChange(root: unknown, lot: Lot): unknown {
  const places = placesIn(root)
  if (places.length === 0 || lot.happens(0.02)) return structuredClone(lot.pick(values))
  const [holder, key] = lot.pick(places)
  switch (lot.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete holder[key]
      break
    case 1:
      set(holder, lot.pick([...pieces, key.toUpperCase(), `${key} `]), holder[key])
      break
    case 2:
      set(holder, key, nested(holder[key], lot))
      break
    case 3:
      set(holder, key, textOrNumber(holder[key], lot))
      break
    default:
      set(holder, key, structuredClone(lot.pick(values)))
  }
  return root
}

/** Repeats an item of a list, up to more often than lists may have it. Comes last. */
function crowd(root: unknown, { maxBytes, lot }: Change): void {
  const places = placesIn(root).filter(([holder]) => Array.isArray(holder))
  if (places.length === 0) return
  const [holder, key] = lot.pick(places)
  const item = (holder as unknown as unknown[])[Number(key)]
  const room = maxBytes / ((JSON.stringify(item) ?? '').length + 1)
  const copies = Array(lot.small(Math.min(1_100, room))).fill(item)
  ;(holder as unknown as unknown[]).push(...copies)
}

/** Each member of each object and array, with what holds it. */
function placesIn(root: unknown): [holder: Holder, key: string][] {
  const places: [Holder, string][] = []
  const open = [root]
  while (open.length > 0 && places.length < 2_000) {
    const holder = open.pop()
    if (typeof holder !== 'object' || holder === null) continue
    for (const [key, value] of Object.entries(holder)) {
      places.push([holder as Holder, key])
      open.push(value)
    }
  }
  return places
}

/** Also of a member that would otherwise set the prototype. */
function set(holder: Holder, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder[Math.min(Number(key) || 0, holder.length)] = value
  else
    Object.defineProperty(holder, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
}

function nested(value: unknown, lot: Lot): unknown {
  let around = value
  for (let depth = 1 + lot.small(200); depth > 0; depth--)
    around = lot.happens(0.5) ? [around] : { a: around }
  return around
}

function textOrNumber(value: unknown, lot: Lot): unknown {
  if (typeof value === 'number') return lot.pick([-value, value + 1, value * 1e15, 1 / value])
  if (typeof value !== 'string') return JSON.stringify(value)
  const at = lot.below(value.length + 1)
  return value.slice(0, at) + lot.pick(pieces) + value.slice(at + lot.below(2))
}
