import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GroveApi } from '../src/api/client/api.ts'
import { checkoutInto } from '../src/api/client/checkout.ts'
import { groveClient } from '../src/api/client/http-client.ts'
import type { Cid } from '../src/core/cid.ts'
import { isGroveError } from '../src/core/errors.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { median, percentile } from './figures.ts'
import type { Options } from './options.ts'
import type { Report } from './report.ts'
import { sampleDraft, sampleText } from './samples.ts'
import type { GroveProcess, Workbench } from './workbench.ts'

const NAME = 'notes.txt'
const ARTIFACT_CHARS = 16 * 1_024
const ROUNDS = 20
const WARM_UP = 3
const POLL_MS = 2
/** Longer than what is published soon after an announcement waits, so that a work by itself is measured. */
const QUIET_MS = 200
const HELD_DEADLINE_MS = 60_000

/** How long it takes until what was published on A lies in a directory at B, in ms, by the way that it took. */
export async function benchLatency(bench: Workbench, options: Options): Promise<Report> {
  const rounds = options.count ?? (options.quick ? 3 : ROUNDS)
  const a = await bench.serve(bench.path('a'), '--sync', 'off')
  const keen = await bench.serve(bench.path('keen'), '--peer', a.url)
  const idle = await bench.serve(bench.path('idle'), '--peer', a.url, '--sync', 'off')
  const ways = { announced: [] as number[], onDemand: [] as number[], alone: [] as number[] }
  await acquainted(a, 2)
  for (let number = 0; number < rounds + WARM_UP; number++) {
    await sleep(QUIET_MS)
    const announced = await timed(bench, a, keen, number * 3, heldBy)
    const onDemand = await timed(bench, a, idle, number * 3 + 1)
    const alone = await timed(bench, a, a, number * 3 + 2)
    if (number < WARM_UP) continue
    ways.announced.push(announced)
    ways.onDemand.push(onDemand)
    ways.alone.push(alone)
  }
  await Promise.all([a, keen, idle].map((grove) => grove.stop()))
  const beside = { what: 'published on A → checked out from A', value: median(ways.alone) }
  const row = (figure: string, values: readonly number[]) => [
    { figure: `${figure}, median`, unit: 'ms', value: median(values), beside },
    { figure: `${figure}, 90 %`, unit: 'ms', value: percentile(values, 90) },
  ]
  return {
    bench: 'latency',
    how: [
      `${rounds} rounds: publish on A with an artifact of 16 KiB and a score that beats all before; check out on B into a new directory, files synced.`,
      'By announcement: A has been quiet for 200 ms; B takes the work by itself and is asked only once it holds it. On demand: the checkout at B is asked for at once, and B fetches.',
    ],
    rows: [
      ...row('A → checked out on B, by announcement', ways.announced),
      ...row('A → checked out on B, on demand', ways.onDemand),
    ],
  }
}

/** Publishes at one grove and checks out at the other; ms from the first request to the last file. */
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
      scores: better(number),
      artifacts: { [NAME]: hash },
    })
    await ready?.(target, cid)
    await checkoutInto(target, cid, directory)
    const ms = performance.now() - begun
    if ((await readFile(join(directory, NAME), 'utf8')) !== content)
      throw new Error('checked out something else')
    return ms
  } finally {
    await Promise.all([source.close(), target.close()])
    await rm(directory, { recursive: true, force: true })
  }
}

/** Each better than the one before. */
function better(number: number): { val_bpb: { value: number; direction: 'minimize' } } {
  return { val_bpb: { value: 10 / (number + 1), direction: 'minimize' } }
}

async function heldBy(grove: GroveApi, cid: Cid): Promise<void> {
  await until(HELD_DEADLINE_MS, async () => {
    try {
      await grove.contribution({ cid })
      return true
    } catch (error) {
      if (isGroveError(error, 'not-found')) return false
      throw error
    }
  })
}

/** Waits until a grove has heard of so many peers: before, it has nobody to announce to. */
async function acquainted(grove: GroveProcess, peers: number): Promise<void> {
  const client = groveClient(grove.url, systemClock)
  await until(HELD_DEADLINE_MS, async () => (await client.grove({})).gossip.peers >= peers)
  await client.close()
}

async function until(deadlineMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so after ${deadlineMs} ms`)
    await sleep(POLL_MS)
  }
}
