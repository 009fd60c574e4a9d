import { configHash } from '../config.ts'
import { corpusHash } from '../corpus.ts'
import { describeChange } from '../mutate.ts'
import type { Result } from '../train.ts'
import { type Checkout, checkOut, METRIC, runTrial } from './checkout.ts'
import type { GroveApi } from './grove-api.ts'
import { type Action, type Figure, groveOf, type Researcher, signature } from './researcher.ts'

/** How far down the frontier an agent looks for unchecked work. */
const DEPTH = 20

/**
 * Reviews the best unreviewed work of others: do its figure, files and description agree? The
 * review's `quality` is the share of checks that hold. Undefined if there is nothing to review.
 */
export async function review(researcher: Researcher): Promise<Action | undefined> {
  const { grove, id, dir } = researcher
  const of = await unchecked(researcher, 'review')
  if (of === undefined) return undefined
  const checks = await check(grove, await checkOut(grove, of.cid, dir), dir)
  const faults = Object.keys(checks).filter((name) => checks[name] === false)
  const total = Object.keys(checks).length
  const good = total - faults.length
  const quality = Math.round((100 * good) / total) / 100

  const verdict = `${good} of ${total} checks hold for ${of.agent}'s ${of.value} bpb`
  const published = await grove.publish(
    {
      kind: 'review',
      summary: faults.length === 0 ? verdict : `${verdict}; not: ${faults.join(', ')}`,
      relations: [{ targetCid: of.cid, relationType: 'reviews' }],
      scores: { quality: { value: quality, direction: 'maximize' } },
      tags: ['autoresearch'],
      context: { checks },
      agent: signature(researcher),
    },
    {},
  )
  return { type: 'review', by: id, cid: published.cid, of, quality, faults }
}

/**
 * Reproduces the best work of others that is not reproduced yet: trains it again from its config
 * and corpus. Publishes whether the figure is the same to the last digit, with the `difference` as
 * a score, so that it ranks and travels as work does. Undefined if there is nothing to reproduce.
 */
export async function reproduce(researcher: Researcher): Promise<Action | undefined> {
  const { grove, id, dir } = researcher
  const of = await unchecked(researcher, 'reproduction')
  if (of === undefined) return undefined
  const { work, config, corpus } = await checkOut(grove, of.cid, dir)
  const { result, files } = runTrial(config, corpus)
  const confirmed = result.val_bpb === of.value
  const difference = Math.abs(result.val_bpb - of.value)

  const published = await grove.publish(
    {
      kind: 'reproduction',
      summary: confirmed
        ? `trained again: ${of.agent}'s ${of.value} bpb, the same to the last digit`
        : `trained again: ${result.val_bpb} bpb, not ${of.agent}'s ${of.value}`,
      artifacts: { 'corpus.json': work.artifacts['corpus.json']! },
      relations: [
        {
          targetCid: of.cid,
          relationType: 'reproduces',
          metadata: { result: confirmed ? 'confirmed' : 'challenged', [METRIC]: result.val_bpb },
        },
      ],
      scores: { difference: { value: difference, direction: 'minimize', unit: 'bpb' } },
      tags: ['autoresearch'],
      agent: signature(researcher),
    },
    files,
  )
  return { type: 'reproduction', by: id, cid: published.cid, of, value: result.val_bpb }
}

/**
 * The best work of others without evidence of this kind here. Work from other groves comes first.
 */
async function unchecked(
  { grove, id }: Researcher,
  kind: 'review' | 'reproduction',
): Promise<Figure | undefined> {
  const ranked = await grove.frontier(METRIC, DEPTH)
  const others = ranked.filter(({ agentId }) => agentId !== id)
  const away = others.filter(({ agentId }) => groveOf(agentId) !== groveOf(id))
  const home = others.filter(({ agentId }) => groveOf(agentId) === groveOf(id))
  for (const { cid, value, agentId } of [...away, ...home]) {
    const children = await grove.children(cid)
    if (!children.some((child) => child.kind === kind)) return { cid, agent: agentId, value }
  }
  return undefined
}

/** The checks that need no training, by name. Work that derives from nothing has fewer. */
async function check(
  grove: GroveApi,
  { work, figure, config, corpus }: Checkout,
  dir: string,
): Promise<Record<string, boolean>> {
  const result = JSON.parse(
    (await grove.artifact(work.cid, 'result.json')).toString(),
  ) as Partial<Result>
  const log = (await grove.artifact(work.cid, 'train.log')).toString()
  const checks = {
    'result.json has the figure': result.val_bpb === figure,
    'train.log has the figure': log.includes(`\n${METRIC} ${figure} over `),
    'result.json is of this config': result.configHash === configHash(config),
    'result.json is of this corpus': result.corpusHash === corpusHash(corpus),
  }
  const parentCid = work.relations.find(
    ({ relationType }) => relationType === 'derives_from',
  )?.targetCid
  if (parentCid === undefined) return checks
  const parent = await checkOut(grove, parentCid, dir)
  return {
    ...checks,
    'the change is as described':
      work.context?.['change'] === describeChange(parent.config, config),
    'it is better than what it derives from': figure < parent.figure,
  }
}
