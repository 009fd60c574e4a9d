import type { Cid } from '../../src/core/cid.ts'
import type { Draft, RelationType } from '../../src/core/contribution/schema.ts'
import { isGroveError } from '../../src/core/errors.ts'
import { fetchRemoteContribution } from '../../src/node/fetch/fetch.ts'
import type { GroveNode } from '../../src/node/node.ts'
import { publish, stageArtifact } from '../../src/node/publish.ts'
import type { Chance } from '../engine/chance.ts'
import type { Journal } from '../engine/journal.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Machine } from '../machine/machine.ts'
import type { Workload } from '../scenario/scenario.ts'
import type { Ledger } from './ledger.ts'

/** Beyond the time limit of a fetch, how long an operation may take: disks, and what a publish fetches first, in ms. */
const SLACK_MS = 60_000
const ARTIFACTS_MAX = 3
const TAGS = ['text', 'code', 'image']

type Deed = 'publish' | 'derive' | 'review' | 'reproduce' | 'adopt' | 'discuss' | 'fetch'

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly chance: Chance
  readonly ledger: Ledger
  readonly machines: readonly Machine[]
  readonly workload: Workload
  readonly fetchTimeoutMs: number
  readonly violated: (what: string) => void
}

/** The agents of a run: what they do is drawn beforehand, whom it is done to at its moment. */
export class Agents {
  readonly #options: Options
  #published = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Puts all deeds on the timeline. */
  schedule(): void {
    const { timeline, chance, workload } = this.#options
    const { publishes, derives, reviews, reproductions, adoptions, discussions, fetches } = workload
    const stats: [Deed, number][] = [
      ['publish', publishes],
      ['derive', derives],
      ['review', reviews],
      ['reproduce', reproductions],
      ['adopt', adoptions],
      ['discuss', discussions],
      ['fetch', fetches],
    ]
    for (const [deed, times] of stats) {
      const own = chance.fork(deed)
      for (let n = 0; n < times; n++)
        timeline.after(own.below(workload.overMs), () => this.#act(deed, own.fork(`${n}`)))
    }
  }

  #act(deed: Deed, chance: Chance): void {
    const { machines, ledger, timeline, journal } = this.#options
    const machine = chance.pick(machines.filter(({ node }) => node !== undefined))
    const node = machine?.node
    if (machine === undefined || node === undefined) return
    const due = timeline.now + this.#options.fetchTimeoutMs + SLACK_MS
    const operation = ledger.begin(machine.name, machine.boots, deed, due)
    this.#carryOut(deed, machine, node, chance).then(
      () => ledger.end(operation, `${deed} done`),
      (error: unknown) => {
        const code = isGroveError(error) ? error.code : String(error)
        ledger.end(operation, `${deed} ${code}`)
        journal.note(machine.name, `${deed} fails: ${code}`)
        if (!isGroveError(error))
          this.#options.violated(`${deed} on ${machine.name} throws ${String(error)}`)
      },
    )
  }

  async #carryOut(deed: Deed, machine: Machine, node: GroveNode, chance: Chance): Promise<void> {
    if (deed === 'fetch') return this.#fetch(machine, node, chance)
    const target = deed === 'publish' ? undefined : await this.#target(node, chance)
    if (deed !== 'publish' && target === undefined) return
    await this.#publish(machine, node, chance, this.#draft(deed, chance, target))
  }

  async #publish(machine: Machine, node: GroveNode, chance: Chance, draft: Draft): Promise<void> {
    const { ledger, journal } = this.#options
    const { contribution } = await publish(node, {
      ...draft,
      artifacts: await this.#artifacts(node, draft, chance),
    })
    const { cid, manifest } = contribution
    const blobs = Object.values(manifest.artifacts)
    ledger.published.set(cid, contribution)
    ledger.acknowledged.push({ grove: machine.name, cid, blobs })
    journal.name(cid, manifest.kind)
    const scores = Object.entries(manifest.scores ?? {}).map(
      ([metric, { value }]) => `${metric} ${value}`,
    )
    journal.note(
      machine.name,
      `has published ${cid}`,
      () =>
        `has published ${cid} (${scores.join(', ')}) ${manifest.relations.map(({ relationType, targetCid }) => `which ${relationType} ${targetCid}`).join(', ')}`,
    )
  }

  async #artifacts(node: GroveNode, { kind }: Draft, chance: Chance): Promise<Record<string, Cid>> {
    if (kind !== 'work') return {}
    const { artifactBytes } = this.#options.workload
    const artifacts: Record<string, Cid> = {}
    for (let n = chance.below(ARTIFACTS_MAX + 1); n > 0; n--) {
      const bytes = chance.bytes(Math.floor(chance.between(artifactBytes)))
      artifacts[`part-${n}`] = (await stageArtifact(node, bytes)).hash
      this.#options.journal.name(artifacts[`part-${n}`]!, 'blob')
    }
    return artifacts
  }

  async #fetch(machine: Machine, node: GroveNode, chance: Chance): Promise<void> {
    const { ledger, journal } = this.#options
    const cid = chance.pick([...ledger.published.keys()])
    if (cid === undefined) return
    const options = chance.happens(0.3) ? { ancestors: chance.below(4) } : {}
    journal.note(machine.name, `is asked to fetch ${cid}`)
    const { artifacts, missing } = await fetchRemoteContribution(node, cid, options)
    const here = artifacts
      .filter(({ state }) => state === 'here' || state === 'fetched')
      .map(({ hash }) => hash as Cid)
    ledger.acknowledged.push({ grove: machine.name, cid, blobs: here })
    journal.note(machine.name, `has fetched ${cid} but for ${missing.length}`)
  }

  /** Mostly something that is held, sometimes what only another grove has. */
  async #target(node: GroveNode, chance: Chance): Promise<Cid | undefined> {
    const { ledger } = this.#options
    if (chance.happens(0.25)) return chance.pick([...ledger.published.keys()])
    const { items } = await node.index.list({ kind: 'work' }, { limit: 100, offset: 0 })
    return chance.pick(items)?.cid
  }

  #draft(deed: Exclude<Deed, 'fetch'>, chance: Chance, target: Cid | undefined): Draft {
    this.#published += 1
    const agent = { agentId: `agent-${chance.below(4)}` }
    const summary = `${deed} ${this.#published}`
    const related = (relationType: RelationType) =>
      target === undefined ? [] : [{ targetCid: target, relationType }]
    const base = { summary, agent, mode: 'evaluation' } as const
    switch (deed) {
      case 'publish':
      case 'derive': {
        const tags = chance.sample(TAGS, chance.below(3))
        return {
          ...base,
          kind: 'work',
          tags,
          scores: this.#scores(chance),
          relations: related('derives_from'),
        }
      }
      case 'review': {
        const direction = chance.happens(0.8) ? 'maximize' : 'minimize'
        const scores = { quality: { value: chance.below(100) / 10, direction } } as const
        return {
          ...base,
          kind: 'review',
          mode: 'exploration',
          scores,
          relations: related('reviews'),
        }
      }
      case 'reproduce': {
        const metadata = { result: chance.happens(0.2) ? 'challenged' : 'confirmed' }
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

  #scores(chance: Chance): NonNullable<Draft['scores']> {
    const metrics = Array.from({ length: this.#options.workload.metrics }, (_, n) => n).filter(() =>
      chance.happens(0.8),
    )
    const directionOf = (n: number) => (n % 2 === 0 ? 'minimize' : 'maximize')
    return Object.fromEntries(
      metrics.map((n) => [
        `m${n}`,
        { value: chance.below(1_000) / 100, direction: directionOf(n) } as const,
      ]),
    )
  }
}
