import { join } from 'node:path'
import type { Action, Habit } from '../agent/researcher.ts'
import type { Taste } from '../mutate.ts'
import { Child } from './child.ts'
import type { Grove } from './groves.ts'

const SCRIPT = join(import.meta.dirname, '../agent.ts')

interface Member {
  readonly id: string
  readonly taste: Taste
  readonly habit: Habit
}

/** Two agents on each grove, with different tastes: none tries everything. */
export const CAST: readonly Member[] = [
  { id: 'ada@A', taste: 'contexts', habit: 'review' },
  { id: 'alan@A', taste: 'counters', habit: 'reproduce' },
  { id: 'bela@B', taste: 'mixing', habit: 'review' },
  { id: 'boris@B', taste: 'recall', habit: 'reproduce' },
  { id: 'chen@C', taste: 'contexts', habit: 'review' },
  { id: 'clara@C', taste: 'counters', habit: 'reproduce' },
]

interface RunOptions {
  readonly groves: readonly Grove[]
  readonly seed: number
  /** Trials of each agent. */
  readonly trials: number
  /** Each agent checks work out into its own directory below this one. */
  readonly dir: string
  readonly signal: AbortSignal
  own(child: Child): void
  report(action: Action): void
}

/** Runs all agents at once, each in its own process, until they end. Throws if one fails. */
export async function runAgents({
  groves,
  seed,
  trials,
  dir,
  signal,
  own,
  report,
}: RunOptions): Promise<void> {
  signal.throwIfAborted()
  const runs = CAST.map(async ({ id, taste, habit }, index) => {
    const [name = id, home] = id.split('@')
    const grove = groves.find((each) => each.name === home)!
    const child = new Child(`agent ${id}`, SCRIPT, [
      ...['--grove', grove.api.url, '--id', id, '--taste', taste, '--habit', habit],
      ...[
        '--seed',
        String(seed * CAST.length + index),
        '--trials',
        String(trials),
        '--dir',
        join(dir, name),
      ],
    ])
    own(child)
    for await (const line of child.lines()) report(JSON.parse(line) as Action)
    await child.finished()
  })
  await Promise.all(runs)
}
