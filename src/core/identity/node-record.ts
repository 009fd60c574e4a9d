import { z } from 'zod'
import type { JsonObject } from '../canonical.ts'
import { parseEndpoint } from '../peers/endpoint.ts'
import type { SigningKey } from './ed25519.ts'
import { keyIdSchema, signatureSchema } from './rotation.ts'
import { type ReadRecord, readSigned, signRecord } from './signed-record.ts'

/** Addresses of one grove. */
const ADDRESSES_MAX = 4
/** Canonical bytes of one record, without its signature. */
const NODE_RECORD_MAX_BYTES = 2_048
/** How long a record is valid. Its grove makes another in good time. */
export const NODE_RECORD_LIFETIME_MS = 7 * 24 * 60 * 60_000
/**
 * How far ahead of this grove's clock a record may have been made: groves whose clocks are hours
 * off have to know each other all the same.
 */
export const NODE_RECORD_AHEAD_MS = 24 * 60 * 60_000

const momentSchema = z.number().int().min(0).max(8_640_000_000_000_000)
const capabilitySchema = z.union([z.string().max(256), z.number(), z.boolean()])

/** Where a grove says that it answers, and what it can do. Members of later versions stay. */
export const nodeRecordSchema = z.looseObject({
  peerId: keyIdSchema,
  /** None of a leaf, which nobody can dial. */
  addresses: z
    .array(
      z
        .string()
        .max(256)
        .refine((address) => parseEndpoint(address) !== undefined),
    )
    .max(ADDRESSES_MAX),
  capabilities: z.record(z.string().max(64), capabilitySchema),
  /** Of two records the one with the higher number counts. */
  seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Unix ms, as are all moments of records. */
  issuedAt: momentSchema,
  expiresAt: momentSchema,
  signature: signatureSchema,
})
/** Where a grove says that it answers, signed by its key. Anybody may pass it on. */
export type NodeRecord = z.infer<typeof nodeRecordSchema>

/** What a grove says of itself, before it is signed. */
export interface NodeFacts {
  readonly addresses: readonly string[]
  readonly capabilities: Readonly<Record<string, string | number | boolean>>
  /** The number of the grove's record before; undefined if there was none. */
  readonly lastSeq: number | undefined
}

/** A grove's record at a moment. Its number rises also where the one before is lost. */
export function signNodeRecord(
  key: SigningKey,
  { addresses, capabilities, lastSeq = -1 }: NodeFacts,
  now: number,
): NodeRecord {
  const seq = Math.max(lastSeq + 1, now)
  const times = { issuedAt: now, expiresAt: now + NODE_RECORD_LIFETIME_MS }
  const record = { peerId: key.peerId, addresses: [...addresses], capabilities, seq, ...times }
  return signRecord(key, 'node', record)
}

/** Whether a record is half through its time, so that another is to be made. */
export function isDue({ issuedAt }: NodeRecord, now: number): boolean {
  return Math.abs(now - issuedAt) >= NODE_RECORD_LIFETIME_MS / 2
}

/** A record that arrived. Its key has signed it, which says nothing of who answers there. */
export function readNodeRecord(value: unknown, now: number): ReadRecord<NodeRecord> {
  const read = readSigned<NodeRecord & JsonObject>(value, {
    domain: 'node',
    schema: nodeRecordSchema as z.ZodType<NodeRecord & JsonObject>,
    maxBytes: NODE_RECORD_MAX_BYTES,
    signerOf: ({ peerId }) => peerId,
  })
  if ('fault' in read) return read
  const { issuedAt, expiresAt, seq } = read.record
  // A number far beyond the time would keep all later records of that key from counting.
  const isNumbered = seq <= issuedAt + NODE_RECORD_AHEAD_MS
  if (!isNumbered || expiresAt < issuedAt || expiresAt - issuedAt > NODE_RECORD_LIFETIME_MS)
    return { fault: 'malformed' }
  if (issuedAt > now + NODE_RECORD_AHEAD_MS) return { fault: 'future' }
  return expiresAt <= now ? { fault: 'expired' } : read
}

/**
 * What an arrived record is to the one that is known of the same key. `twin`: two groves have the
 * key, since none gives one number twice.
 */
export function compareRecords(
  known: NodeRecord | undefined,
  arrived: NodeRecord,
): 'newer' | 'same' | 'older' | 'twin' {
  if (known === undefined || arrived.seq > known.seq) return 'newer'
  if (arrived.seq < known.seq) return 'older'
  return arrived.signature === known.signature ? 'same' : 'twin'
}
