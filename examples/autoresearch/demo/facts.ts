import { checkOut, METRIC, runTrial } from '../agent/checkout.ts'
import type { Contribution } from '../agent/grove-api.ts'
import { type Action, type Figure, groveOf } from '../agent/researcher.ts'
import { type Arm, bestOf } from './arm.ts'
import type { Grove } from './groves.ts'

/** One work in the lineage from the baseline to the winner. */
export interface Step extends Figure {
  /** What was changed; undefined for the baseline. */
  readonly change: string | undefined
}

/** What a grove fetched from others. */
export interface Moved {
  readonly grove: string
  readonly contributions: number
  /** Bytes of artifacts whose hash was verified. */
  readonly bytesVerified: number
  /** How often another grove sent something wrong. */
  readonly faults: number
}

/** What the agents found when they checked others' work. */
export interface Evidence {
  readonly reviews: number
  readonly confirmed: number
  readonly challenged: number
  /** How many of these are about work from another grove. */
  readonly abroad: number
}

/** A second training of the winner, from the copy that another grove holds. */
export interface Rerun {
  readonly grove: string
  readonly value: number
  readonly same: boolean
}

/** What a grove still serves of the winner after the first grove was killed. */
export interface Survival {
  readonly killed: string
  readonly grove: string
  readonly best: Figure
  readonly configBytes: number
  readonly corpusBytes: number
}

/** The lowest of several figures; the first of equals. */
export function lowest(figures: readonly Figure[]): Figure {
  return figures.reduce((best, each) => (each.value < best.value ? each : best))
}

/**
 * The lineage of a work from the baseline on, along `derives_from`. Each step is read from any
 * grove that holds it.
 */
export async function lineageOf(groves: readonly Grove[], cid: string): Promise<Step[]> {
  const steps: Step[] = []
  for (let next: string | undefined = cid; next !== undefined; ) {
    const { scores, agent, context, relations }: Contribution = await find(groves, next)
    const change = context?.['change']
    const value = scores?.[METRIC]?.value ?? Number.NaN
    steps.unshift({
      cid: next,
      agent: agent.agentId,
      value,
      change: typeof change === 'string' ? change : undefined,
    })
    next = relations.find(({ relationType }) => relationType === 'derives_from')?.targetCid
  }
  return steps
}

/** Counts the agents' reviews and reproductions. */
export function evidenceIn(actions: readonly Action[]): Evidence {
  const checks = actions.filter((action) => action.type !== 'trial')
  const reproductions = checks.filter((action) => action.type === 'reproduction')
  const confirmed = reproductions.filter(({ of, value }) => of.value === value).length
  return {
    reviews: checks.length - reproductions.length,
    confirmed,
    challenged: reproductions.length - confirmed,
    abroad: checks.filter(({ by, of }) => groveOf(by) !== groveOf(of.agent)).length,
  }
}

/** What a grove fetched from others, by its own metrics. */
export async function movedTo({ name, api }: Grove): Promise<Moved> {
  const metrics = await api.metrics()
  const total = (pattern: RegExp): number =>
    [...metrics.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0)
  return {
    grove: name,
    contributions: total(/^grove_contributions_stored_total\{source="peer"\} (\S+)$/gm),
    bytesVerified: total(/^grove_transfer_verified_bytes_total (\S+)$/gm),
    faults: total(/^grove_peer_faults_total\S* (\S+)$/gm),
  }
}

/**
 * Trains the winner again, from the config and corpus that another grove than its author's holds.
 */
export async function rerun({ groves }: Arm, winner: Figure, dir: string): Promise<Rerun> {
  const grove = groves.findLast(({ name }) => name !== groveOf(winner.agent))!
  const { config, corpus } = await checkOut(grove.api, winner.cid, dir)
  const { val_bpb } = runTrial(config, corpus).result
  return { grove: grove.name, value: val_bpb, same: val_bpb === winner.value }
}

/** Kills the first grove, where the corpus came from, and asks the second for the winner. */
export async function killFirst({ groves }: Arm): Promise<Survival> {
  const [first, second] = groves as [Grove, Grove]
  await second.api.complete((await bestOf(second)).cid)
  await first.child.kill()
  const best = await bestOf(second)
  const { artifacts } = await second.api.contribution(best.cid)
  const config = await second.api.artifact(best.cid, 'config.json')
  const corpus = await second.api.blob(artifacts['corpus.json']!)
  return {
    killed: first.name,
    grove: second.name,
    best,
    configBytes: config.length,
    corpusBytes: corpus.length,
  }
}

async function find(groves: readonly Grove[], cid: string): Promise<Contribution> {
  const answers = await Promise.allSettled(groves.map(({ api }) => api.contribution(cid)))
  const found = answers.find((answer) => answer.status === 'fulfilled')
  if (found === undefined) throw new Error(`no grove holds ${cid}, which the winner derives from`)
  return found.value
}
