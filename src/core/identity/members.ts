import { z } from 'zod'
import type { JsonObject } from '../canonical.ts'
import { compareText } from '../text.ts'
import type { SigningKey } from './ed25519.ts'
import { keyIdSchema, signatureSchema } from './rotation.ts'
import { type ReadRecord, readSigned, signRecord } from './signed-record.ts'

/** Members of one federation. */
export const MEMBERS_MAX = 1_024
/** Canonical bytes of a list. */
const MEMBER_LIST_MAX_BYTES = 256 * 1024

const listedMemberSchema = z.looseObject({
  peerId: keyIdSchema,
  /** For people. */
  name: z.string().max(64).optional(),
})

/** The members of a federation, as its hub says. Members of later versions stay. */
export const memberListSchema = z.looseObject({
  version: z.literal(1),
  /** The hub. */
  by: keyIdSchema,
  /** Of two lists the one with the higher number counts. */
  seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Unix ms, before the year 10,000. */
  issuedAt: z.number().int().min(0).max(253_402_300_799_999),
  /** By id, ascending, each once. */
  members: z.array(listedMemberSchema).max(MEMBERS_MAX),
  signature: signatureSchema,
})
/** The members of a federation, signed by its hub. Joiners follow it: whose work counts. */
export type MemberList = z.infer<typeof memberListSchema>
/** A member: its id, and a name for people. */
export type ListedMember = z.infer<typeof listedMemberSchema>

/** What a hub says of its members. */
interface NewList {
  readonly members: readonly ListedMember[]
  /** The number of the list before. */
  readonly lastSeq?: number
  /** Unix ms. */
  readonly now: number
}

/**
 * The hub's list of its members, the hub among them. Its number is the moment, or follows that of
 * the list before: so it rises also where the list before was lost.
 */
export function signMemberList(
  key: SigningKey,
  { members, lastSeq = 0, now }: NewList,
): MemberList {
  const byId = new Map(members.map((member) => [member.peerId, member]))
  if (!byId.has(key.peerId)) byId.set(key.peerId, { peerId: key.peerId })
  const sorted = [...byId.values()].sort((a, b) => compareText(a.peerId, b.peerId))
  const seq = Math.max(lastSeq + 1, now)
  const list = { version: 1, by: key.peerId, seq, issuedAt: now, members: sorted }
  return signRecord(key, 'members', list as JsonObject) as unknown as MemberList
}

/** A list that arrived, as the hub signed it. Who the hub has to be is for the caller to check. */
export function readMemberList(value: unknown): ReadRecord<MemberList> {
  const read = readSigned<MemberList & JsonObject>(value, {
    domain: 'members',
    schema: memberListSchema as z.ZodType<MemberList & JsonObject>,
    maxBytes: MEMBER_LIST_MAX_BYTES,
    signerOf: ({ by }) => by,
  })
  if ('fault' in read) return read
  const ids = read.record.members.map(({ peerId }) => peerId)
  const isSorted = ids.every((id, n) => n === 0 || compareText(ids[n - 1] ?? '', id) < 0)
  return isSorted ? read : { fault: 'malformed' }
}
