import fc from 'fast-check'
import type { Cid } from '../../src/core/cid.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft, RelationType } from '../../src/core/contribution/schema.ts'
import type { Provenance } from '../../src/ports/contribution-store.ts'
import type { Ranking } from '../../src/ports/graph-index.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'

/** A store under test, which disposes of itself. */
export interface Opened<S> extends AsyncDisposable {
  readonly store: S
}

const noon = Date.parse('2026-03-01T12:00:00.000Z')

/** A contribution with the given fields, and plain values for the rest. */
export function sample(draft: Partial<Draft> = {}): Contribution {
  const agent = { agentId: 'agent-1' }
  return sealDraft(
    { kind: 'work', mode: 'evaluation', summary: 'a sample', agent, createdAt: at(0), ...draft },
    noon,
  )
}

/** The date some seconds after noon. */
export const at = (seconds: number): string => new Date(noon + seconds * 1_000).toISOString()

export const local = (receivedAt = noon + 86_400_000): Provenance => ({
  origin: 'local',
  receivedAt,
})

/** A provenance of what this host brought. */
export const broughtBy = (host: string): Provenance => ({
  ...local(),
  origin: 'peer',
  peerId: 'p',
  address: `http://${host}:1`,
  host,
})

export const relation = (
  relationType: RelationType,
  targetCid: Cid,
  metadata?: { [key: string]: string },
) => (metadata === undefined ? { relationType, targetCid } : { relationType, targetCid, metadata })

/** In the order of their bytes. UTF-16 has the second of the last two first. */
export const names = ['a', 'b', 'infra', 'ml', 'späte', '～', '😀'] as const
const name = fc.constantFrom(...names)
const score = fc.record({
  value: fc.oneof(
    fc.constantFrom(0, -0, 1, 2, 0.1, 1e300, -1e300),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  direction: fc.constantFrom('minimize' as const, 'maximize' as const),
})

const draftArbitrary = fc.record(
  {
    kind: fc.constantFrom(
      'work' as const,
      'review' as const,
      'discussion' as const,
      'adoption' as const,
    ),
    mode: fc.constantFrom('evaluation' as const, 'exploration' as const),
    summary: fc.constantFrom(
      'tune the attention',
      'prune attention heads',
      'Größe des Caches',
      'a b c',
    ),
    tags: fc.uniqueArray(name, { maxLength: 3 }),
    scores: fc.dictionary(fc.constantFrom('val_bpb', 'loss', '_adoption', '～', '😀'), score, {
      maxKeys: 3,
    }),
    context: fc.dictionary(
      fc.constantFrom('hardware', 'seed', 'ephemeral'),
      fc.constantFrom('H100', 1, true, null),
      {
        maxKeys: 2,
      },
    ),
    agent: fc.record({ agentId: name, agentName: name }, { requiredKeys: ['agentId'] }),
    createdAt: fc.constantFrom(
      at(0),
      at(1),
      at(1.5),
      '2026-03-01T14:00:01+02:00',
      '2026-03-01T11:59:59Z',
    ),
  },
  { requiredKeys: ['kind', 'mode', 'summary', 'agent', 'createdAt'] },
)

const link = fc.record({
  to: fc.nat(30),
  type: fc.constantFrom<RelationType>(
    'derives_from',
    'adopts',
    'reviews',
    'reproduces',
    'responds_to',
  ),
  result: fc.constantFrom(undefined, 'confirmed', 'challenged'),
})

/**
 * A random graph in causal order. Each contribution relates to some before it, often to the same
 * few.
 */
export const graphArbitrary: fc.Arbitrary<Contribution[]> = fc
  .array(fc.tuple(draftArbitrary, fc.array(link, { maxLength: 3 })), {
    minLength: 1,
    maxLength: 25,
  })
  .map((drafts) => {
    const graph: Contribution[] = []
    for (const [draft, links] of drafts) {
      const relations = links.flatMap(({ to, type, result }) => {
        const target = graph[to % Math.max(1, graph.length)]?.cid
        return target === undefined
          ? []
          : [relation(type, target, result === undefined ? undefined : { result })]
      })
      graph.push(sample({ ...(draft as Partial<Draft>), relations }))
    }
    return [...new Map(graph.map((contribution) => [contribution.cid, contribution])).values()]
  })

export const cidsOf = (items: readonly { readonly cid: Cid }[]): Cid[] =>
  items.map(({ cid }) => cid)
export const sortedCids = (items: readonly { readonly cid: Cid }[]): Cid[] => cidsOf(items).sort()

/** Puts contributions one after the other. */
export async function putAll(
  store: GraphStore,
  contributions: readonly Contribution[],
): Promise<void> {
  for (const contribution of contributions) await store.put(contribution, local())
}

/** The cids and values of one dimension, best first; undefined if it is not ranked. */
export function placesIn(
  rankings: readonly Ranking[],
  metric: string,
): [Cid, number][] | undefined {
  return rankings
    .find((ranking) => ranking.metric === metric)
    ?.places.map(({ cid, value }) => [cid, value])
}
