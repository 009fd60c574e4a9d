import { propose } from '../mutate.ts'
import { checkOut, METRIC, runTrial } from './checkout.ts'
import type { GroveApi } from './grove-api.ts'
import { type Action, type Researcher, signature } from './researcher.ts'

/**
 * One trial: takes the best work that the agent's grove holds, changes something, trains, and
 * publishes the result. It publishes failures too, so that no agent tries them again.
 */
export async function explore(researcher: Researcher): Promise<Action> {
  const { grove, id, taste, random, dir } = researcher
  const [best] = await grove.frontier(METRIC, 1)
  if (best === undefined) throw new Error(`${grove.url} holds no work to build on`)
  const parent = await checkOut(grove, best.cid, dir)
  const author = parent.work.agent.agentId

  const proposal = propose(parent.config, { random, taste, tried: await triedConfigs(grove) })
  const { result, files } = runTrial(proposal.config, parent.corpus)

  const { change } = proposal
  const compared = `${comparison(result.val_bpb, parent.figure)} ${author}'s ${parent.figure}`
  const published = await grove.publish(
    {
      kind: 'work',
      summary: `${change}: ${result.val_bpb} bpb, ${compared}`,
      artifacts: { 'corpus.json': parent.work.artifacts['corpus.json']! },
      relations: [{ targetCid: best.cid, relationType: 'derives_from' }],
      scores: { [METRIC]: { value: result.val_bpb, direction: 'minimize', unit: 'bpb' } },
      tags: ['autoresearch', taste],
      context: { change, configHash: result.configHash, corpusHash: result.corpusHash },
      agent: signature(researcher),
    },
    files,
  )
  const from = { cid: best.cid, agent: author, value: parent.figure }
  return { type: 'trial', by: id, cid: published.cid, from, change, value: result.val_bpb }
}

/** Hashes of the configs whose figures this grove holds. */
async function triedConfigs(grove: GroveApi): Promise<Set<string>> {
  const work = await grove.work()
  return new Set(work.map(({ context }) => String(context?.['configHash'])))
}

function comparison(value: number, before: number): string {
  if (value === before) return 'equal to'
  return `${Math.abs(value - before).toFixed(6)} ${value < before ? 'better' : 'worse'} than`
}
