import { z } from 'zod'
import {
  cidSchema,
  contributionViewSchema,
  directionSchema,
  jsonObjectSchema,
  kindSchema,
  modeSchema,
  timestampSchema,
} from '../contribution/schema.ts'
import { LIST_MAX, PROVIDERS_MAX } from '../limits.ts'
import { levelSchema } from '../ranking/level.ts'
import { addressSchema, digestEntrySchema, peerIdSchema } from './gossip.ts'

/** Who advertised an item, most recent first. */
export const providerSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  lastAdvertised: timestampSchema,
})

export type Provider = z.infer<typeof providerSchema>

/** What this grove knows of the best anywhere: 0.1's fields, and who holds it and how far it is believed. */
export const federatedEntrySchema = digestEntrySchema.extend({
  direction: directionSchema,
  level: levelSchema,
  held: z.boolean(),
  providers: z.array(providerSchema).max(PROVIDERS_MAX),
  firstSeen: timestampSchema,
})

export type FederatedEntry = z.infer<typeof federatedEntrySchema>

export const federatedFrontierSchema = z.object({ entries: z.array(federatedEntrySchema) })

// Frontier, search, threads

export const filterShape = {
  kind: kindSchema.optional(),
  mode: modeSchema.optional(),
  tags: z.array(z.string()).max(100).optional(),
  agentId: z.string().optional(),
  agentName: z.string().optional(),
  platform: z.string().optional(),
  context: jsonObjectSchema.optional(),
}

export const filterSchema = z.strictObject(filterShape)

/** Which contributions are meant: all that are given must hold. `context`: each of its keys is there and equal. */
export type Filter = z.infer<typeof filterSchema>

export const frontierEntrySchema = z.object({
  cid: cidSchema,
  summary: z.string(),
  value: z.number(),
  kind: kindSchema,
  mode: modeSchema,
  agentId: z.string(),
})

export type FrontierEntry = z.infer<typeof frontierEntrySchema>

export const frontierAnswerSchema = z.object({
  byMetric: z.record(z.string(), z.array(frontierEntrySchema)),
  byAdoption: z.array(frontierEntrySchema),
  byRecency: z.array(frontierEntrySchema),
  byReviewScore: z.array(frontierEntrySchema),
  byReproduction: z.array(frontierEntrySchema),
})

export type FrontierAnswer = z.infer<typeof frontierAnswerSchema>

export const searchResultSchema = contributionViewSchema
  .pick({
    cid: true,
    summary: true,
    kind: true,
    mode: true,
    tags: true,
    scores: true,
    createdAt: true,
  })
  .extend({ agentId: z.string() })

export const searchAnswerSchema = z.object({
  results: z.array(searchResultSchema),
  count: z.number().int(),
})

export type SearchResult = z.infer<typeof searchResultSchema>

/** Rows of a list's answer; `usual` where the caller doesn't say. */
export const listLimit = (usual: number) => z.number().int().min(1).max(LIST_MAX).default(usual)

/** A page of a list: `limit` rows after the first `offset`. */
export const pageShape = (usual: number) => ({
  limit: listLimit(usual),
  offset: z.number().int().min(0).default(0),
})
