import { z } from 'zod'
import { kindSchema } from '../../src/core/contribution/schema.ts'
import { admissions } from '../../src/core/peers/admission.ts'
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

/** The kinds of adversaries. Each has its file in sim/adversaries, floods in a room there. */
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
  'crowder',
  'fabricator',
  'false-leaf',
  'idler',
  'interceptor',
  'invite-thief',
  'key-bomber',
  'key-minter',
  'key-thief',
  'metric-flooder',
  'minter',
  'origin-forger',
  'record-forger',
  'relay',
  'stranger',
  'trickler',
  'usurper',
] as const

/** Which groves may call others; `keyless`: none has a key, as before there were any. */
export const modes = ['keyless', ...admissions] as const
export type Mode = (typeof modes)[number]

const ms = z.number().int().nonnegative()
const count = z.number().int().nonnegative()
const window = { fromMs: ms, untilMs: ms }
/** Which machines it may hit: all, those that nobody can dial, or the others. */
const of = z.enum(['all', 'leaves', 'hubs']).default('all')

/** What goes wrong, and when. Which machines it hits is drawn from the seed. */
export const faultSchema = z.discriminatedUnion('type', [
  /** Two groups can't hear each other. `oneWay`: the first hears the second, but not vice versa. */
  z.strictObject({
    type: z.literal('partition'),
    ...window,
    of,
    share: z.number().min(0).max(1).default(0.5),
    oneWay: z.boolean().default(false),
  }),
  /** The network changes for a while. */
  z.strictObject({ type: z.literal('network'), ...window, conditions: networkChangeSchema }),
  /** The disks of some machines change for a while. */
  z.strictObject({
    type: z.literal('disk'),
    ...window,
    groves: count,
    conditions: diskChangeSchema,
  }),
  /** Machines crash, at any moment of the window, and start again after `downMs`. */
  z.strictObject({
    type: z.literal('crash'),
    ...window,
    of,
    times: count,
    downMs: rangeOf(ms).default([100, 20_000]),
  }),
  /** Clocks are set forward or back, by up to `byMs`. */
  z.strictObject({ type: z.literal('clock-jump'), ...window, times: count, byMs: ms }),
  /** Operators block, trust and forget keys of adversaries. In the end all say the same of them. */
  z.strictObject({ type: z.literal('standings'), ...window, times: count }),
  /** Groves get another key, and start again. Then all operators trust all groves from the start. */
  z.strictObject({ type: z.literal('rotate'), ...window, times: count }),
  /** Disks lose blobs, one each time. */
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

/** What the agents do, at random moments within `overMs`. */
export const workloadSchema = z.strictObject({
  overMs: ms,
  publishes: count.default(0),
  derives: count.default(0),
  reviews: count.default(0),
  reproductions: count.default(0),
  adoptions: count.default(0),
  discussions: count.default(0),
  /** Fetches of a published contribution by its cid, as a user asks for one. */
  fetches: count.default(0),
  artifactBytes: rangeOf(count).default([0, 3_000]),
  /** How many metrics there are: `m0` is minimised, `m1` maximised, and so on. */
  metrics: z.number().int().min(1).default(2),
})
export type Workload = z.infer<typeof workloadSchema>

const scenarioShape = z.strictObject({
  /** One sentence: what happens, and what must hold nevertheless. */
  about: z.string().min(1),
  groves: z.strictObject({
    count: z.number().int().min(1),
    /** How many of them nobody can dial: they hold lines to others. */
    leaves: count.default(0),
    /** How many of them are copies of one of the others, key and all, started later: the last ones. */
    copies: count.default(0),
    /** The mode of all of them. Of several, seeds take turns. */
    modes: z.array(z.enum(modes)).min(1).default(['keyless']),
    /** Whether the others join the first by invites: nobody lists them beforehand. */
    joins: z.boolean().default(false),
    /** Which groves each grove has as seeds. */
    seeds: z.enum(['none', 'line', 'ring', 'star', 'full', 'random']).default('random'),
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
  /** From then on the network, disks and machines are sound. Adversaries go on. */
  faultsEndMs: ms,
  /** Rounds of sync after that within which all honest groves must agree. */
  rounds: z.number().int().positive(),
})
/** A scenario's file. What no single field can tell is checked as well. */
export const scenarioSchema = scenarioShape.superRefine(
  ({ groves, workload, faults, faultsEndMs }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    if (groves.leaves >= groves.count) refuse(['groves', 'leaves'], 'leaves no hub')
    if (groves.copies + groves.leaves >= groves.count) refuse(['groves', 'copies'], 'leaves none')
    if (
      groves.copies > 0 &&
      (groves.leaves > 0 || groves.joins || groves.modes.includes('keyless'))
    )
      refuse(['groves', 'copies'], 'have keys, and neither leaves nor invites')
    if (groves.leaves > 0 && groves.modes.includes('keyless'))
      refuse(['groves', 'leaves'], 'have keys')
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
