import { z } from 'zod'
import { GroveError } from '../errors.ts'
import { addressText, parseEndpoint } from '../peers/endpoint.ts'
import { isKeyId, type KeyId } from './ed25519.ts'
import { keyIdSchema, leadsTo, type Rotation } from './rotation.ts'
import { areEqual, hmacHex, sha256Hex } from './secrets.ts'

const SECRET_PATTERN = /^[\w-]{42}[AEIMQUYcgkosw048]$/

/** Groves that are remembered of those that were refused with one invite: the latest. */
const REFUSED_MAX = 8

/** What an invite line says. */
export interface Invite {
  readonly address: string
  /** The grove that invites: whoever else answers there is refused. */
  readonly peerId: KeyId
  /** Base64url. It never travels. */
  readonly secret: string
}

/** What the inviting grove keeps of an invite: not the secret, but what is derived from it. */
export const inviteRecordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** In hex. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** Unix ms. */
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
  /** How many groves may join by it. */
  uses: z.number().int().min(1).max(1_000),
  usedBy: z.array(keyIdSchema).max(1_000),
  /** Other groves that had it and came too late: somebody has a copy of it. */
  refused: z.array(z.object({ peerId: keyIdSchema, at: z.number().int() })).max(REFUSED_MAX),
})
/** What the inviting grove keeps of an invite. */
export type InviteRecord = z.infer<typeof inviteRecordSchema>

/** The line that is handed over: `grove+http://host:port/#<peerId>.<secret>`. */
export function inviteLine({ address, peerId, secret }: Invite): string {
  return `grove+${address}/#${peerId}.${secret}`
}

/**
 * What an invite line says: one that a mailer has wrapped, put between marks or followed by a full
 * stop, too. Throws `usage-error`, which doesn't repeat the line.
 */
export function parseInviteLine(line: string): Invite {
  const text = line.replace(/\s+/g, '').replace(/^[<("'`]+|[>)"'`.,;:!?]+$/g, '')
  const [, url = '', peerId, secret = ''] =
    /^grove\+(https?:\/\/[^#]{1,500}?)\/?#(ed25519:[0-9a-f]{64})\.([\w-]{43})$/.exec(text) ?? []
  const endpoint = parseEndpoint(url)
  if (endpoint === undefined || !isKeyId(peerId) || !SECRET_PATTERN.test(secret))
    throw new GroveError('usage-error', {}, { message: whyNoInvite(text) })
  return { address: addressText(endpoint), peerId, secret }
}

function whyNoInvite(text: string): string {
  if (!/^grove\+https?:\/\//.test(text))
    return 'that is no invite: `grove invite` prints one, which begins with grove+http'
  if (!text.includes('#'))
    return 'that invite is cut off: it goes on with # after the address; copy all of the line'
  return (
    'that invite was changed or cut off: after its address come #ed25519:, 64 digits, a full ' +
    'stop and 43 characters; copy all of the line'
  )
}

/** The id of an invite, which its joiner sends, and the key of its proofs, which nobody sends. */
export function inviteKey(secret: string): { readonly id: string; readonly key: string } {
  const bytes = Buffer.from(secret, 'base64url')
  return { id: sha256Hex('invite-id', bytes).slice(0, 12), key: sha256Hex('invite-key', bytes) }
}

/** What a proof is for: it fits no other pair of groves, no other call, and no answer. */
export interface JoinCall {
  /** Who proves that it has the invite: the one that joins, or the one that answers it. */
  readonly by: 'joiner' | 'inviter'
  readonly joiner: KeyId
  readonly inviter: KeyId
  /** Of this call. */
  readonly nonce: string
}

/** Whether a grove has changed its key since that moment: its invites until then name another. */
export const hasRotatedSince = (createdAt: string, rotations: readonly Rotation[] = []): boolean =>
  rotations.some(({ at }) => Date.parse(createdAt) <= Date.parse(at))

/** The proof that somebody has an invite, without the invite: of no use to who overhears it. */
export function joinProof(key: string, { by, joiner, inviter, nonce }: JoinCall): string {
  return hmacHex('join', key, [by, joiner, inviter, nonce])
}

/** Whether a proof is the right one. */
export const isJoinProof = (proof: string, key: string, call: JoinCall): boolean =>
  areEqual(proof, joinProof(key, call))

/** What becomes of an invite that a grove has shown. */
interface Shown {
  readonly record: InviteRecord
  /** Why the grove may not join by it. */
  readonly refused?: 'expired' | 'used'
}

interface Joiner {
  readonly joiner: KeyId
  /** How its key has changed. Default: it has not. */
  readonly rotations?: readonly Rotation[] | undefined
}

/**
 * The record after a grove has shown the invite, and whether it may join. Who joined may do so
 * again, since the answer may have been lost, and under a key that took the place of its own.
 */
export function showInvite(
  record: InviteRecord,
  { joiner, rotations = [] }: Joiner,
  now: number,
): Shown {
  if (record.expiresAt <= now) return { record, refused: 'expired' }
  const before = record.usedBy.find((peerId) => leadsTo(peerId, joiner, rotations))
  if (before === joiner) return { record }
  if (before !== undefined) {
    const usedBy = record.usedBy.map((peerId) => (peerId === before ? joiner : peerId))
    return { record: { ...record, usedBy } }
  }
  if (record.usedBy.length < record.uses)
    return { record: { ...record, usedBy: [...record.usedBy, joiner] } }
  const others = record.refused.filter(({ peerId }) => peerId !== joiner)
  const refused = [...others, { peerId: joiner, at: now }].slice(-REFUSED_MAX)
  return { record: { ...record, refused }, refused: 'used' }
}
