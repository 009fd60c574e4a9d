import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { type KeyId, keyIdFromBytes } from '../../../src/core/identity/ed25519.ts'
import type { KeyStanding } from '../../../src/core/peers/counting.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { memoryStores } from '../../../src/stores/memory/open.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { answersOf } from '../../conformance/answers.ts'
import { broughtBy, relation, sample } from '../../conformance/samples.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const keyOf = (n: number): KeyId => keyIdFromBytes(new Uint8Array(32).fill(n))
const originBy = (n: number) => ({
  peerId: keyOf(n),
  at: n,
  signature: Buffer.alloc(64, n).toString('base64url'),
})
const MINTER = 7
const recounting = join(import.meta.dirname, 'recount-process.ts')

const loss = (value: number) => ({ loss: { value, direction: 'minimize' as const } })
const works = [1, 2, 3].map((n) => sample({ summary: `work ${n}`, scores: loss(n) }))
const [target] = works
assert.ok(target)
const said = Array.from({ length: 900 }, (_, n) =>
  sample({
    ...{ summary: `review ${n}`, kind: 'review', scores: loss(n % 7) },
    relations: [relation('reviews', target.cid), relation('adopts', target.cid)],
  }),
)

/** Two thirds are the minter's; some of it others have signed, too. */
const put = (graph: GraphStore) =>
  Promise.all(
    [...works, ...said].map((item, n) => {
      const keys = [[MINTER], [MINTER, 1], [2]][n % 3] ?? []
      return graph.put(item, broughtBy('a'), { origins: keys.map(originBy) })
    }),
  )

async function block({ origins }: GraphStore) {
  const standings = new Map<KeyId, KeyStanding>([[keyOf(MINTER), 'blocked']])
  if (!(await origins.judge({ standings }))) return
  while (!(await origins.recount()).isDone);
}

/** Kills the process after so many steps of its recounts. */
async function killAfter(dir: string, steps: number): Promise<void> {
  const child = spawn(process.execPath, [recounting, dir, keyOf(MINTER)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let lines = 0
  for await (const _ of createInterface(child.stdout)) if (++lines === steps) child.kill('SIGKILL')
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
}

test('a recount that kill -9 ends goes on where it was, and comes to what is right', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  const open = () => openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
  const memory = memoryStores(systemRandom)
  await put(memory.graph)
  await block(memory.graph)
  const expected = await answersOf(memory.graph, works)
  {
    await using stores = await open()
    await put(stores.graph)
  }

  for (const steps of [1, 2, 5]) {
    await killAfter(dir, steps)

    await using stores = await open()
    await block(stores.graph)
    assert.deepEqual(await answersOf(stores.graph, works), expected)
  }
})
