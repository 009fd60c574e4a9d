import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GroveApi } from '../src/api/client/api.ts'
import { checkoutInto } from '../src/api/client/checkout.ts'
import { groveClient } from '../src/api/client/http-client.ts'
import type { Cid } from '../src/core/cid.ts'
import { isGroveError } from '../src/core/errors.ts'
import { systemClock } from '../src/runtime/clock.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { median, percentile } from './lab/figures.ts'
import { sampleDraft, sampleText } from './lab/samples.ts'
import type { GroveProcess, Workbench } from './lab/workbench.ts'

const NAME = 'notes.txt'
const ARTIFACT_CHARS = 16 * 1_024
const WARM_UP = 3
const POLL_MS = 2
/** Quiet before each publish, in ms, so that no gap after an earlier announcement is measured. */
const QUIET_MS = 200
const DEADLINE_MS = 60_000

/** Its baseline is a checkout from the grove that the work was published on. */
export const benchmark: Benchmark = {
  about: 'from a publish on A to the checkout on B, announced and on demand',
  scale: { option: 'count', of: 'rounds', usual: 20 },
  takes: '10 s',
  async run(bench, { amount }) {
    const { announced, onDemand, local } = await measure(bench, amount)
    const baseline = { what: 'published on A → checked out from A', value: median(local) }
    const rows = (figure: string, values: readonly number[]) => [
      { figure: `${figure}, median`, unit: 'ms', value: median(values), baseline },
      { figure: `${figure}, 90 %`, unit: 'ms', value: percentile(values, 90) },
    ]
    return {
      how: [
        `Rounds: ${amount}. Each publishes on A, with an artifact of 16 KiB and a new best score,`,
        'and checks out on B into a new directory, with all files synced.',
        `By announcement: A was quiet for ${QUIET_MS} ms before; B fetches the work by itself,`,
        'and is asked for it once it holds it. On demand: B is asked at once, and fetches.',
      ],
      rows: [
        ...rows('A → checked out on B, by announcement', announced),
        ...rows('A → checked out on B, on demand', onDemand),
      ],
    }
  },
}

/** Times in ms, by the way that the work took. */
interface Times {
  readonly announced: number[]
  readonly onDemand: number[]
  readonly local: number[]
}

async function measure(bench: Workbench, rounds: number): Promise<Times> {
  const a = await bench.serve(bench.path('a'), '--sync', 'off')
  const syncing = await bench.serve(bench.path('syncing'), '--peer', a.url)
  const idle = await bench.serve(bench.path('idle'), '--peer', a.url, '--sync', 'off')
  const times: Times = { announced: [], onDemand: [], local: [] }
  await untilKnown(a, 2)
  for (let round = 0; round < rounds + WARM_UP; round++) {
    await sleep(QUIET_MS)
    const announced = await timed(bench, a, syncing, round * 3, untilHeld)
    const onDemand = await timed(bench, a, idle, round * 3 + 1)
    const local = await timed(bench, a, a, round * 3 + 2)
    if (round < WARM_UP) continue
    times.announced.push(announced)
    times.onDemand.push(onDemand)
    times.local.push(local)
  }
  await Promise.all([a, syncing, idle].map((grove) => grove.stop()))
  return times
}

/**
 * Publishes on one grove and checks out on the other: ms from the first request to the last file.
 */
async function timed(
  bench: Workbench,
  from: GroveProcess,
  to: GroveProcess,
  number: number,
  ready?: (grove: GroveApi, cid: Cid) => Promise<void>,
): Promise<number> {
  const [source, target] = [groveClient(from.url, systemClock), groveClient(to.url, systemClock)]
  const directory = bench.path('checkout')
  const content = sampleText(number, ARTIFACT_CHARS)
  try {
    await Promise.all([source.grove({}), target.grove({})])
    const begun = performance.now()
    const { hash } = await source.uploadBlob(Buffer.from(content))
    const { cid } = await source.publish({
      ...sampleDraft(number),
      scores: bestSoFar(number),
      artifacts: { [NAME]: hash },
    })
    await ready?.(target, cid)
    await checkoutInto(target, cid, directory)
    const ms = performance.now() - begun
    if ((await readFile(join(directory, NAME), 'utf8')) !== content)
      throw new Error('the checkout has other content')
    return ms
  } finally {
    await Promise.all([source.close(), target.close()])
    await rm(directory, { recursive: true, force: true })
  }
}

/** A score that is better than those of all lower numbers. */
function bestSoFar(number: number): { val_bpb: { value: number; direction: 'minimize' } } {
  return { val_bpb: { value: 10 / (number + 1), direction: 'minimize' } }
}

async function untilHeld(grove: GroveApi, cid: Cid): Promise<void> {
  await until(`the grove holds ${cid}`, async () => {
    try {
      await grove.contribution({ cid })
      return true
    } catch (error) {
      if (isGroveError(error, 'not-found')) return false
      throw error
    }
  })
}

/** Waits until a grove knows this many peers. Before that it has none to announce to. */
async function untilKnown(grove: GroveProcess, peers: number): Promise<void> {
  const client = groveClient(grove.url, systemClock)
  await until(
    `the grove knows ${peers} peers`,
    async () => (await client.grove({})).gossip.peers >= peers,
  )
  await client.close()
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not after ${DEADLINE_MS} ms: ${what}`)
    await sleep(POLL_MS)
  }
}
