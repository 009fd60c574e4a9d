/**
 * A process of crash-recount.test.ts. It blocks a key, and takes the block back, without end, and
 * prints each step of the recounts.
 */
import { writeSync } from 'node:fs'
import type { KeyId } from '../../../src/core/identity/ed25519.ts'
import type { KeyStanding } from '../../../src/core/peers/counting.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'

const [dir = '', key = ''] = process.argv.slice(2)
const { graph } = await openSqliteStores({
  dir,
  nextTurn,
  clock: systemClock,
  random: systemRandom,
})
for (let turn = 0; ; turn++) {
  const said: [KeyId, KeyStanding][] = turn % 2 === 0 ? [[key as KeyId, 'blocked']] : []
  await graph.origins.judge({ standings: new Map(said) })
  for (let isDone = false; !isDone; ) {
    isDone = (await graph.origins.recount()).isDone
    writeSync(1, `${isDone ? 'done' : 'step'}\n`)
  }
}
