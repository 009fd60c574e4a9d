import { z } from 'zod'
import { timestampSchema } from '../contribution/schema.ts'
import { keyIdSchema } from '../identity/rotation.ts'
import { scopes } from '../identity/token.ts'

/** What is known of a token. The token itself is shown once, when it is made. */
export const tokenInfoSchema = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.enum(scopes),
  createdAt: timestampSchema,
  /** Undefined for one that doesn't expire. */
  expiresAt: timestampSchema.optional(),
  isExpired: z.boolean(),
})
/** What is known of a token. */
export type TokenInfo = z.infer<typeof tokenInfoSchema>

/** A token that was just made. It can't be shown again: only its hash is kept. */
export const newTokenSchema = tokenInfoSchema.extend({ token: z.string() })
/** A token that was just made. */
export type NewToken = z.infer<typeof newTokenSchema>

/** What a token shall be for. */
export const tokenRequestSchema = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^\P{Cc}*$/u, 'must be a plain line')
    .default(''),
  scope: z.enum(scopes).default('read'),
  /** Default: it doesn't expire. */
  expiresInMs: z
    .number()
    .int()
    .min(1)
    .max(100 * 365 * 86_400_000)
    .optional(),
})
/** What a token shall be for. */
export type TokenRequest = z.infer<typeof tokenRequestSchema>

/** What an operator has said of another grove. */
export const standingEntrySchema = z.object({
  /** The grove's id; for one without a key, its address. */
  peer: z.string(),
  standing: z.enum(['trusted', 'blocked']),
  reason: z.string().optional(),
  since: timestampSchema,
  /** Undefined for what holds until it is changed. */
  until: timestampSchema.optional(),
})
/** The same, with the keys that the grove had before, the last one first. */
export const standingShownSchema = standingEntrySchema.extend({
  formerly: z.array(keyIdSchema).optional(),
})
/** What an operator has said of another grove, and by which keys that was known before. */
export type StandingShown = z.infer<typeof standingShownSchema>

/** What an operator has said of another grove. */
export type StandingEntry = z.infer<typeof standingEntrySchema>

/** What an operator says of another grove. */
export const standingRequestSchema = z.strictObject({
  /** The id of a grove, or the address of one that this grove knows. */
  peer: z.string().min(1).max(2_048),
  standing: z.enum(['trusted', 'blocked', 'none']),
  reason: z
    .string()
    .max(500)
    .regex(/^\P{Cc}*$/u, 'must be a plain line')
    .optional(),
  /** Default: it holds until it is changed. */
  forMs: tokenRequestSchema.shape.expiresInMs,
})
/** What an operator says of another grove. */
export type StandingRequest = z.infer<typeof standingRequestSchema>

/** The detail `fault` where a signature does not hold: what was signed has changed on its way. */
export const ALTERED = 'altered'
/** The fault of a refusal for who asks: it is blocked, or not among those that are let in. */
export const NOT_LET_IN = 'not-let-in'
