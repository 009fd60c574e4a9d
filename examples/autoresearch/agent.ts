/**
 * An agent: a process that does research on one grove, over plain HTTP. It prints each `Action` as
 * a line of JSON, and ends after its trials.
 *
 *   node agent.ts --grove URL --id ada@A --taste contexts --habit review --seed 1 --trials 10 \
 *     --dir DIR
 */
import { parseArgs } from 'node:util'
import { reproduce, review } from './agent/evidence.ts'
import { explore } from './agent/explore.ts'
import { GroveApi } from './agent/grove-api.ts'
import type { Action, Researcher } from './agent/researcher.ts'
import { parseTaste, seededRandom } from './mutate.ts'

/** An agent checks others' work after this many trials, and after its last. */
const TRIALS_BETWEEN_CHECKS = 3

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: { grove: text, id: text, taste: text, habit: text, seed: text, trials: text, dir: text },
})

function required(name: keyof typeof values): string {
  const value = values[name]
  if (value === undefined) throw new Error(`--${name} is missing`)
  return value
}

const researcher: Researcher = {
  id: required('id'),
  taste: parseTaste(required('taste')),
  habit: required('habit') === 'review' ? 'review' : 'reproduce',
  grove: new GroveApi(required('grove')),
  random: seededRandom(Number(required('seed'))),
  dir: required('dir'),
}
const trials = Number(required('trials'))

for (let trial = 1; trial <= trials; trial++) {
  report(await explore(researcher))
  if (trial % TRIALS_BETWEEN_CHECKS !== 0 && trial !== trials) continue
  const checked = await (researcher.habit === 'review' ? review(researcher) : reproduce(researcher))
  if (checked !== undefined) report(checked)
}

function report(action: Action): void {
  process.stdout.write(`${JSON.stringify(action)}\n`)
}
