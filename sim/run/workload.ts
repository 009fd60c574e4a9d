import type { Cid } from '../../src/core/cid.ts'
import type { Draft, RelationType } from '../../src/core/contribution/schema.ts'
import { isGroveError } from '../../src/core/errors.ts'
import { fetchRemoteContribution } from '../../src/node/fetch/fetch.ts'
import type { GroveNode } from '../../src/node/node.ts'
import { publish, stageArtifact } from '../../src/node/publish.ts'
import type { Journal } from '../engine/journal.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Machine } from '../machine/machine.ts'
import type { Workload } from '../scenario/scenario.ts'
import type { Ledger } from './ledger.ts'

/**
 * How long an operation may take beyond the time limit of a fetch, in ms: for disks, and for what a
 * publish fetches first.
 */
const SLACK_MS = 60_000
const ARTIFACTS_MAX = 3
const TAGS = ['text', 'code', 'image']

type Operation = 'publish' | 'derive' | 'review' | 'reproduce' | 'adopt' | 'discuss' | 'fetch'

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly rng: Rng
  readonly ledger: Ledger
  readonly machines: readonly Machine[]
  readonly workload: Workload
  readonly fetchTimeoutMs: number
  readonly violated: (what: string) => void
}

/** The agents of a run. Their operations are drawn beforehand, each one's target at its moment. */
export class Agents {
  readonly #options: Options
  #published = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Puts all operations on the timeline. */
  schedule(): void {
    const { timeline, rng, workload } = this.#options
    const { publishes, derives, reviews, reproductions, adoptions, discussions, fetches } = workload
    const counts: [Operation, number][] = [
      ['publish', publishes],
      ['derive', derives],
      ['review', reviews],
      ['reproduce', reproductions],
      ['adopt', adoptions],
      ['discuss', discussions],
      ['fetch', fetches],
    ]
    for (const [operation, times] of counts) {
      const own = rng.fork(operation)
      for (let n = 0; n < times; n++)
        timeline.after(own.below(workload.overMs), () => this.#start(operation, own.fork(`${n}`)))
    }
  }

  #start(operation: Operation, rng: Rng): void {
    const { machines, ledger, timeline, journal } = this.#options
    const machine = rng.pick(machines.filter(({ node }) => node !== undefined))
    const node = machine?.node
    if (machine === undefined || node === undefined) return
    const due = timeline.now + this.#options.fetchTimeoutMs + SLACK_MS
    const id = ledger.begin(machine.name, machine.boots, operation, due)
    this.#carryOut(operation, machine, node, rng).then(
      () => ledger.end(id, `${operation} done`),
      (error: unknown) => {
        const code = isGroveError(error) ? error.code : String(error)
        ledger.end(id, `${operation} ${code}`)
        journal.note(machine.name, `${operation} fails: ${code}`)
        if (!isGroveError(error))
          this.#options.violated(`${operation} on ${machine.name} throws ${String(error)}`)
      },
    )
  }

  async #carryOut(
    operation: Operation,
    machine: Machine,
    node: GroveNode,
    rng: Rng,
  ): Promise<void> {
    if (operation === 'fetch') return this.#fetch(machine, node, rng)
    const target = operation === 'publish' ? undefined : await this.#target(node, rng)
    if (operation !== 'publish' && target === undefined) return
    await this.#publish(machine, node, rng, this.#draft(operation, rng, target))
  }

  async #publish(machine: Machine, node: GroveNode, rng: Rng, draft: Draft): Promise<void> {
    const { ledger, journal, timeline } = this.#options
    const { contribution } = await publish(node, {
      ...draft,
      artifacts: await this.#artifacts(node, draft, rng),
    })
    const { cid, manifest } = contribution
    const blobs = Object.values(manifest.artifacts)
    ledger.published.set(cid, contribution)
    if (!machine.sharesKey) ledger.publishedAt.set(cid, timeline.now)
    ledger.acknowledged.push({ grove: machine.name, cid, blobs })
    journal.name(cid, manifest.kind)
    const scores = Object.entries(manifest.scores ?? {}).map(
      ([metric, { value }]) => `${metric} ${value}`,
    )
    const relations = manifest.relations.map(
      ({ relationType, targetCid }) => `which ${relationType} ${targetCid}`,
    )
    const words = () => `has published ${cid} (${scores.join(', ')}) ${relations.join(', ')}`
    journal.note(machine.name, `has published ${cid}`, words)
  }

  async #artifacts(node: GroveNode, { kind }: Draft, rng: Rng): Promise<Record<string, Cid>> {
    if (kind !== 'work') return {}
    const { artifactBytes } = this.#options.workload
    const artifacts: Record<string, Cid> = {}
    for (let n = rng.below(ARTIFACTS_MAX + 1); n > 0; n--) {
      const bytes = rng.bytes(Math.floor(rng.between(artifactBytes)))
      artifacts[`part-${n}`] = (await stageArtifact(node, bytes)).hash
      this.#options.journal.name(artifacts[`part-${n}`]!, 'blob')
    }
    return artifacts
  }

  async #fetch(machine: Machine, node: GroveNode, rng: Rng): Promise<void> {
    const { ledger, journal } = this.#options
    const cid = rng.pick([...ledger.published.keys()])
    if (cid === undefined) return
    const options = rng.happens(0.3) ? { ancestors: rng.below(4) } : {}
    journal.note(machine.name, `is asked to fetch ${cid}`)
    const { artifacts, missing } = await fetchRemoteContribution(node, cid, options)
    const here = artifacts
      .filter(({ state }) => state === 'here' || state === 'fetched')
      .map(({ hash }) => hash as Cid)
    ledger.acknowledged.push({ grove: machine.name, cid, blobs: here })
    journal.note(machine.name, `has fetched ${cid} but for ${missing.length}`)
  }

  /** A target for a relation: mostly held here, sometimes only by another grove. */
  async #target(node: GroveNode, rng: Rng): Promise<Cid | undefined> {
    const { ledger } = this.#options
    if (rng.happens(0.25)) return rng.pick([...ledger.published.keys()])
    const { items } = await node.index.list({ kind: 'work' }, { limit: 100, offset: 0 })
    return rng.pick(items)?.cid
  }

  #draft(operation: Exclude<Operation, 'fetch'>, rng: Rng, target: Cid | undefined): Draft {
    this.#published += 1
    const agent = { agentId: `agent-${rng.below(4)}` }
    const summary = `${operation} ${this.#published}`
    const related = (relationType: RelationType) =>
      target === undefined ? [] : [{ targetCid: target, relationType }]
    const base = { summary, agent, mode: 'evaluation' } as const
    switch (operation) {
      case 'publish':
      case 'derive': {
        const tags = rng.sample(TAGS, rng.below(3))
        return {
          ...base,
          kind: 'work',
          tags,
          scores: this.#scores(rng),
          relations: related('derives_from'),
        }
      }
      case 'review': {
        const direction = rng.happens(0.8) ? 'maximize' : 'minimize'
        const scores = { quality: { value: rng.below(100) / 10, direction } } as const
        return {
          ...base,
          kind: 'review',
          mode: 'exploration',
          scores,
          relations: related('reviews'),
        }
      }
      case 'reproduce': {
        const metadata = { result: rng.happens(0.2) ? 'challenged' : 'confirmed' }
        const relations = related('reproduces').map((relation) => ({ ...relation, metadata }))
        return { ...base, kind: 'reproduction', mode: 'exploration', relations }
      }
      case 'adopt':
        return { ...base, kind: 'adoption', mode: 'exploration', relations: related('adopts') }
      case 'discuss':
        return {
          ...base,
          kind: 'discussion',
          mode: 'exploration',
          relations: related('responds_to'),
        }
    }
  }

  #scores(rng: Rng): NonNullable<Draft['scores']> {
    const metrics = Array.from({ length: this.#options.workload.metrics }, (_, n) => n).filter(() =>
      rng.happens(0.8),
    )
    const directionOf = (n: number) => (n % 2 === 0 ? 'minimize' : 'maximize')
    return Object.fromEntries(
      metrics.map((n) => [
        `m${n}`,
        { value: rng.below(1_000) / 100, direction: directionOf(n) } as const,
      ]),
    )
  }
}
