import { z } from 'zod'
import { kindSchema } from '../../src/core/contribution/schema.ts'
import type { Policy } from '../../src/core/policy.ts'
import {
  clockSchema,
  diskChangeSchema,
  diskSchema,
  networkChangeSchema,
  networkSchema,
  rangeOf,
} from './conditions.ts'
import { defined } from './defined.ts'

/** The kinds of adversaries; one file each in sim/adversaries. */
export const adversaryKinds = [
  'forger',
  'corrupter',
  'braggart',
  'flooder',
  'impostor',
  'replayer',
  'equivocator',
  'bomber',
  'mute',
] as const

const ms = z.number().int().nonnegative()
const count = z.number().int().nonnegative()
const window = { fromMs: ms, untilMs: ms }

/** What goes wrong, when. Which groves it hits is drawn from the seed. */
export const faultSchema = z.discriminatedUnion('type', [
  /** Two groups that can't hear each other; `oneWay`: the first can't be heard by the second. */
  z.strictObject({
    type: z.literal('partition'),
    ...window,
    share: z.number().min(0).max(1).default(0.5),
    oneWay: z.boolean().default(false),
  }),
  /** The network is otherwise for a while. */
  z.strictObject({ type: z.literal('network'), ...window, conditions: networkChangeSchema }),
  /** The disks of some groves are otherwise for a while. */
  z.strictObject({
    type: z.literal('disk'),
    ...window,
    groves: count,
    conditions: diskChangeSchema,
  }),
  /** So many crashes at any moment of the window; each machine is back after a while. */
  z.strictObject({
    type: z.literal('crash'),
    ...window,
    times: count,
    downMs: rangeOf(ms).default([100, 20_000]),
  }),
  /** A clock is set forward or back by up to so much. */
  z.strictObject({ type: z.literal('clock-jump'), ...window, times: count, byMs: ms }),
  /** A disk loses a blob that it had. */
  z.strictObject({ type: z.literal('forget-blobs'), ...window, times: count }),
])
export type Fault = z.infer<typeof faultSchema>

const policySchema = z
  .strictObject({
    dimensions: z.array(z.string()).optional(),
    thresholds: z.record(z.string(), z.number()).default({}),
    tags: z.array(z.string()).optional(),
    kinds: z.array(kindSchema).optional(),
    topK: count.default(8),
    maxArtifactBytes: count.default(64 * 1024),
    maxBytesPerRound: count.default(4 * 1024 * 1024),
    maxRequestsPerRound: count.default(500),
  })
  .transform((policy): Policy => ({ scope: 'frontier', ...defined(policy) }))

/** What agents do on the groves, at moments spread over `overMs`. */
export const workloadSchema = z.strictObject({
  overMs: ms,
  publishes: count.default(0),
  derives: count.default(0),
  reviews: count.default(0),
  reproductions: count.default(0),
  adoptions: count.default(0),
  discussions: count.default(0),
  /** A contribution of another grove is asked for by its cid, as a user does. */
  fetches: count.default(0),
  artifactBytes: rangeOf(count).default([0, 3_000]),
  /** Metrics `m0`, `m1`, … in which work is scored; even ones are minimised. */
  metrics: z.number().int().min(1).default(2),
})
export type Workload = z.infer<typeof workloadSchema>

const scenarioShape = z.strictObject({
  /** One sentence: what happens, and what must hold all the same. */
  about: z.string().min(1),
  groves: z.strictObject({
    count: z.number().int().min(1),
    /** Who is configured as whose seed. */
    seeds: z.enum(['line', 'ring', 'star', 'full', 'random']).default('random'),
    gossipIntervalMs: ms.default(6_000),
    syncIntervalMs: ms.default(12_000),
    fetchTimeoutMs: ms.default(60_000),
    policy: policySchema.prefault({}),
  }),
  network: networkSchema.prefault({}),
  disk: diskSchema.prefault({}),
  clock: clockSchema.prefault({}),
  adversaries: z.partialRecord(z.enum(adversaryKinds), count).default({}),
  workload: workloadSchema,
  faults: z.array(faultSchema).default([]),
  /** From then on network, disks and machines are sound; adversaries are as before. */
  faultsEndMs: ms,
  /** Rounds of sync within which all honest groves then agree. */
  rounds: z.number().int().positive(),
})
/** What is in a scenario's file: also what no field says by itself is looked at. */
export const scenarioSchema = scenarioShape.superRefine(
  ({ groves, workload, faults, faultsEndMs }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    if (workload.overMs > faultsEndMs) refuse(['workload', 'overMs'], 'is after faultsEndMs')
    for (const [index, fault] of faults.entries()) {
      if (fault.fromMs >= fault.untilMs)
        refuse(['faults', index, 'fromMs'], 'is not before untilMs')
      if (fault.untilMs > faultsEndMs) refuse(['faults', index, 'untilMs'], 'is after faultsEndMs')
      if (fault.type === 'disk' && fault.groves > groves.count)
        refuse(['faults', index, 'groves'], `there are only ${groves.count}`)
    }
  },
)
export type Scenario = z.infer<typeof scenarioSchema> & { readonly name: string }
