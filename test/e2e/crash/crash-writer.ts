/** A process of crash-store.test.ts. It puts without end, and prints what has been acknowledged. */
import { writeSync } from 'node:fs'
import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seeded, systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'

const [dir = '', seed = '0'] = process.argv.slice(2)
const random = seeded(Number(seed))
const stores = await openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
const acknowledge = (line: string) => writeSync(1, `${line}\n`)

/** Puts a blob of any size, mostly a small one. */
async function putBlob(): Promise<void> {
  const bytes = new Uint8Array(Math.floor(10 ** (1 + random.next() * 5.5))).map(
    () => random.next() * 256,
  )
  const { hash } = await stores.blobs.put(bytes)
  acknowledge(`blob ${hash}`)
}

async function putContribution(caller: number, index: number): Promise<void> {
  const agent = { agentId: `caller-${caller}` }
  const scores = { loss: { value: random.next(), direction: 'minimize' as const } }
  const contribution = sealDraft(
    { kind: 'work', mode: 'evaluation', summary: `number ${seed} ${index}`, agent, scores },
    index,
  )
  await stores.graph.put(contribution, { origin: 'local', receivedAt: index })
  acknowledge(`contribution ${contribution.cid}`)
}

async function caller(number: number): Promise<void> {
  for (let index = 0; ; index++)
    await (random.next() < 0.2 ? putBlob() : putContribution(number, index))
}

acknowledge('begun')
await Promise.all(Array.from({ length: 4 }, (_, number) => caller(number)))
