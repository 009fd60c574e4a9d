import { setTimeout as sleep } from 'node:timers/promises'
import { groveClient } from '../src/api/client/http-client.ts'
import type { Cid } from '../src/core/cid.ts'
import type { ContributionView } from '../src/core/contribution/schema.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { startDroppingServer } from './lab/baselines.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { median } from './lab/figures.ts'
import { copyOf, grow } from './lab/grown.ts'
import { startAttack } from './lab/hostile/attack.ts'
import { floods, type Hostile, hostiles } from './lab/hostile/messages.ts'
import { type Besides, rowsOf } from './lab/hostile/rows.ts'
import { Load } from './lab/load.ts'
import { publishRequest, sampleDraft } from './lab/samples.ts'
import { Watchdog } from './lab/watchdog.ts'
import type { GroveProcess, Workbench } from './lab/workbench.ts'

const ATTACKER = '127.0.0.4'
/** The metric in which each work is better than the one before, so that B wants it. */
const METRIC = 'normal_work'
const CONNECTIONS = 4
const POLL_MS = 2
/** A work that takes longer than this to reach B is given up, and that is its time. */
const GIVE_UP_MS = 15_000

interface Setting {
  readonly bench: Workbench
  readonly load: Load
  readonly a: GroveProcess
  readonly b: GroveProcess
  readonly watchdog: Watchdog
  readonly amounts: Amounts
}

interface Amounts {
  /** Works that are followed to B, one after the other. */
  readonly followed: number
  /** Publishes whose rate is measured. */
  readonly publishes: number
}

const USUAL: Amounts = { followed: 12, publishes: 600 }
const QUICK: Amounts = { followed: 2, publishes: 20 }

let published = 0

/** Its baseline is the same work beside the same attack on a server that refuses everything. */
export const benchmark: Benchmark = {
  about: 'normal work beside one attacker at full speed, in each way there is',
  scale: { option: 'count', of: 'contributions', usual: 5_000 },
  takes: '4 min',
  async run(bench, { amount, quick, way }) {
    const ways = waysOf(way)
    const load = new Load(bench)
    const dropping = await startDroppingServer(bench)
    const grown = await grow('small', bench.path('grown'), amount)
    const found: Besides[] = []
    for (const { what } of ways) {
      const { dir, hub } = await copyOf(grown, bench.path('a'))
      const a = await bench.serve(dir, '--sync', 'off')
      const b = await bench.serve(bench.path('b'), '--peer', a.url)
      const watchdog = new Watchdog(bench, a.url)
      const amounts = quick ? QUICK : USUAL
      const setting = { bench, load, a, b, watchdog, amounts }
      await followed(setting, 2)
      const target = { hub, knownId: await idOf(b), from: ATTACKER }
      const control = await beside(setting, { what, target: { ...target, url: dropping } })
      const attacked = await beside(setting, { what, target: { ...target, url: a.url } })
      found.push({ what, attacked, control })
      await watchdog.stop()
      await Promise.all([a.stop(), b.stop()])
    }
    return {
      how: [
        `A holds ${amount.toLocaleString('en')} works, B syncs from A. The attacker sends to A from`,
        `${ATTACKER}, 8 messages at a time, each again as soon as it is answered. Works are published`,
        'on A and awaited on B, one by one; then the rate of publishes over 4 connections is taken.',
      ],
      rows: found.flatMap(rowsOf),
      records: found,
    }
  },
}

/** The attacks whose names have a text, or all. Throws where there is none. */
function waysOf(text = ''): Hostile[] {
  const all = [...hostiles, ...floods]
  const found = all.filter(({ what }) => what.includes(text))
  if (found.length > 0) return found
  throw new Error(`no attack is called so: ${text}. There are:\n${namesOf(all)}`)
}

const namesOf = (attacks: readonly Hostile[]) => attacks.map(({ what }) => `  ${what}`).join('\n')

/** Normal work beside an attack. */
async function beside(
  setting: Setting,
  job: Parameters<typeof startAttack>[1],
): Promise<Besides['attacked']> {
  const { bench, watchdog, amounts } = setting
  const attack = await startAttack(bench, job)
  await watchdog.gaps()
  const heldMs = median(await followed(setting, amounts.followed))
  const rate = await publishRate(setting)
  const { longestMs, lateMs } = await watchdog.gaps()
  await attack.stop()
  return { heldMs, rate, stallMs: longestMs, lateMs }
}

/** Publishes works on A one by one: how long each took until B held it, in ms. */
async function followed({ a, b, load }: Setting, count: number): Promise<number[]> {
  const taken: number[] = []
  for (let one = 0; one < count; one++) {
    const value = 1 / ++published
    const draft = {
      ...sampleDraft(published),
      scores: { [METRIC]: { value, direction: 'minimize' as const } },
    }
    const begun = performance.now()
    const { answers } = await load.requests(a.url, 1, [publishRequest(draft)])
    const { cid } = JSON.parse(answers[0] ?? '') as ContributionView
    await untilHeld(b, cid, begun + GIVE_UP_MS)
    taken.push(performance.now() - begun)
    if (performance.now() > begun + GIVE_UP_MS) break
  }
  return taken
}

async function untilHeld({ url }: GroveProcess, cid: Cid, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/api/contributions/${cid}`)
    await answer.arrayBuffer()
    if (answer.ok) return
    await sleep(POLL_MS)
  }
}

async function publishRate({ a, load, amounts }: Setting): Promise<number> {
  const requests = Array.from({ length: amounts.publishes }, () =>
    publishRequest(sampleDraft(++published)),
  )
  const { seconds } = await load.requests(a.url, CONNECTIONS, requests)
  return requests.length / seconds
}

async function idOf({ url }: GroveProcess): Promise<string> {
  const client = groveClient(url, systemClock)
  const { peerId } = await client.grove({})
  await client.close()
  return peerId
}
