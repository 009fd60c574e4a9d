import { z } from 'zod'
import { areEqual, sha256Hex } from './secrets.ts'

/** What a token allows, the least first; each includes those before it. */
export const scopes = ['read', 'publish', 'operate'] as const
/** What a token allows. */
export type Scope = (typeof scopes)[number]

/** Whether a scope includes another. */
export const includes = (scope: Scope, wanted: Scope): boolean =>
  scopes.indexOf(scope) >= scopes.indexOf(wanted)

/** Bytes of the secret in a token, and of the id by which people know it. */
const TOKEN_SECRET_BYTES = 32
const TOKEN_ID_BYTES = 6
/** Random bytes of one token. */
export const TOKEN_BYTES = TOKEN_ID_BYTES + TOKEN_SECRET_BYTES

const TOKEN_PATTERN = /^grove_([0-9a-f]{12})_([\w-]{43})$/

/** A text with the secrets taken out of what looks like tokens in it. */
export const withoutTokens = (text: string): string =>
  text.replace(/grove_([0-9a-f]{12})_[\w-]{8,}/g, 'grove_$1_…')

/** What a grove keeps of a token: by it nobody can tell the token. */
export const tokenRecordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** SHA-256 of id and secret, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  scope: z.enum(scopes),
  /** For people. */
  name: z.string().max(64),
  /** Unix ms. */
  createdAt: z.number().int(),
  /** Unix ms; undefined for one that doesn't expire. */
  expiresAt: z.number().int().optional(),
})
/** What a grove keeps of a token. */
export type TokenRecord = z.infer<typeof tokenRecordSchema>

/** What a token is for. */
export type TokenTerms = Pick<TokenRecord, 'scope' | 'name' | 'createdAt' | 'expiresAt'>

/** A new token, to be shown once, and what is kept of it. `random` has TOKEN_BYTES bytes. */
export function makeToken(
  random: Uint8Array,
  terms: TokenTerms,
): { readonly token: string; readonly record: TokenRecord } {
  const id = Buffer.from(random.subarray(0, TOKEN_ID_BYTES)).toString('hex')
  const secret = Buffer.from(random.subarray(TOKEN_ID_BYTES, TOKEN_BYTES)).toString('base64url')
  return { token: `grove_${id}_${secret}`, record: { ...terms, id, hash: hashOf(id, secret) } }
}

/** The id in a token, by which its record is found; undefined for what is no token. */
export const tokenId = (token: string): string | undefined => TOKEN_PATTERN.exec(token)?.[1]

/** The hash that no token has: what is unknown is compared with it, and so takes as long. */
const NO_HASH = '0'.repeat(64)

/** Whether a token is that of the record. An unknown one has no record. */
export function isTokenOf(token: string, record: TokenRecord | undefined): record is TokenRecord {
  const [, id = '', secret = ''] = TOKEN_PATTERN.exec(token) ?? []
  return areEqual(hashOf(id, secret), record?.hash ?? NO_HASH)
}

const hashOf = (id: string, secret: string): string =>
  sha256Hex('token', Buffer.from(`${id}\n${secret}`))
