import { setTimeout as delay } from 'node:timers/promises'
import { METRIC, runTrial } from '../agent/checkout.ts'
import type { Contribution, Ranked } from '../agent/grove-api.ts'
import { type Action, type Figure, signature } from '../agent/researcher.ts'
import { readConfig } from '../config.ts'
import { type Corpus, collectCorpus, formatCorpus } from '../corpus.ts'
import type { Result } from '../train.ts'
import { runAgents } from './agents.ts'
import type { Child } from './child.ts'
import { type Grove, startGroves } from './groves.ts'

/** How long the demo waits for something to reach every grove before it fails, in ms. */
const ARRIVAL_MS = 30_000
const POLL_MS = 25

/** What all agents start from: a corpus, and a config trained on it. */
export interface Baseline {
  readonly corpus: Corpus
  readonly result: Result
  readonly files: Readonly<Record<string, string>>
}

/** Collects the corpus of the repository at `root`, and trains the config in `configPath` on it. */
export function trainBaseline(root: string, configPath: string): Baseline {
  const corpus = collectCorpus(root)
  const config = readConfig(configPath)
  const { result, files } = runTrial(config, corpus)
  return { corpus, result, files: { ...files, 'corpus.json': formatCorpus(corpus) } }
}

/** Hears what happens in an arm. Times are in seconds since its groves were up. */
export interface Listener {
  started(groves: readonly Grove[]): void
  /** The grove holds the baseline. */
  arrived(grove: Grove, seconds: number): void
  did(action: Action, seconds: number): void
}

interface ArmOptions {
  readonly federated: boolean
  readonly baseline: Baseline
  readonly seed: number
  readonly trials: number
  readonly dir: string
  readonly signal: AbortSignal
  readonly listener: Listener
  own(child: Child): void
}

/** One arm of the comparison after it has ended. Its groves are still up. */
export interface Arm {
  readonly groves: readonly Grove[]
  readonly actions: readonly Action[]
  /** The best work that each grove holds, in the order of the groves. */
  readonly best: readonly Figure[]
  readonly seconds: number
}

/**
 * Starts the groves, publishes the baseline, and runs the agents. If federated, the baseline goes
 * to the first grove alone, and at the end all groves must agree on what is best.
 */
export async function runArm(options: ArmOptions): Promise<Arm> {
  const { federated, baseline, signal, listener } = options
  const groves = await startGroves(options)
  listener.started(groves)
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000

  const work = async (): Promise<Arm> => {
    for (const grove of federated ? groves.slice(0, 1) : groves)
      await publishBaseline(grove, baseline)
    await Promise.all(
      groves.map((grove) => awaitBaseline(grove).then(() => listener.arrived(grove, seconds()))),
    )
    const actions: Action[] = []
    const report = (action: Action): void => {
      actions.push(action)
      listener.did(action, seconds())
    }
    await runAgents({ ...options, groves, report })
    if (federated) await until(() => agree(groves), 'the groves agree on what is best', signal)
    const best = await Promise.all(groves.map(bestOf))
    return { groves, actions, best, seconds: seconds() }
  }
  return Promise.race([work(), ...groves.map(({ child }) => child.endedEarly())])

  function awaitBaseline({ name, api }: Grove): Promise<void> {
    return until(
      async () => (await api.frontier(METRIC, 1)).length > 0,
      `the baseline is on grove ${name}`,
      signal,
    )
  }
}

/** The best work that a grove holds. */
export async function bestOf({ api }: Grove): Promise<Figure> {
  const [{ cid, value, agentId }] = (await api.frontier(METRIC, 1)) as [Ranked]
  return { cid, value, agent: agentId }
}

function publishBaseline({ name, api }: Grove, { result, files }: Baseline): Promise<Contribution> {
  return api.publish(
    {
      kind: 'work',
      summary: `the baseline: ${result.val_bpb} bpb`,
      relations: [],
      scores: { [METRIC]: { value: result.val_bpb, direction: 'minimize', unit: 'bpb' } },
      tags: ['autoresearch', 'baseline'],
      context: { configHash: result.configHash, corpusHash: result.corpusHash },
      agent: signature({ id: `demo@${name}`, taste: 'contexts' }),
    },
    files,
  )
}

async function agree(groves: readonly Grove[]): Promise<boolean> {
  const best = await Promise.all(groves.map(bestOf))
  return best.every(({ cid }) => cid === best[0]?.cid)
}

/** Waits until the condition holds. Throws if it takes too long, and says what it waited for. */
async function until(
  condition: () => Promise<boolean>,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + ARRIVAL_MS
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`not true after ${ARRIVAL_MS / 1000} s: ${what}`)
    await delay(POLL_MS, undefined, { signal })
  }
}
