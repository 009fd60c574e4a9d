import { type Cid, hashBytes } from '../src/core/cid.ts'
import { isSignedBy, SECRET_BYTES, SigningKey } from '../src/core/identity/ed25519.ts'
import { ORIGIN_BATCH_MAX, saidBy, signOrigins } from '../src/core/identity/origin.ts'
import { secretHex } from '../src/runtime/secret.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { type GroveHere, groveHere } from './lab/keys/grove-here.ts'
import { idleExchange } from './lab/keys/idle-exchange.ts'
import { comparison, type Report } from './lab/report.ts'
import type { Workbench } from './lab/workbench.ts'

const AT_ONCE = 32
const SAMPLES = 256
/** Works that a grove has when another meets it: a round of sync brings so many of a metric. */
const MET_MAX = 1_000
const newKey = () => SigningKey.fromSecret(Buffer.from(secretHex(SECRET_BYTES), 'hex'))
const key = newKey()

/** Its baselines are groves without keys, beside the others in the same process. */
export const benchmark: Benchmark = {
  about: 'what keys cost: publishes, a first contact, an idle exchange',
  scale: { option: 'count', of: 'publishes', usual: 5_000 },
  takes: '40 s',
  async run(bench, { amount, repeat }) {
    await using signing = await groveHere({ dir: bench.path('signing'), key })
    await using bare = await groveHere({ dir: bench.path('bare') })
    const each = Math.max(AT_ONCE, Math.floor(amount / (2 * repeat)))
    for (const grove of [signing, bare]) await grove.publish(each, AT_ONCE)
    const publishes: Turn[] = []
    for (let turn = 0; turn < repeat; turn++)
      publishes.push(await oneTurn(turn, (isSigned) => publishTo(isSigned ? signing : bare, each)))
    const works = Math.min(MET_MAX, each)
    const contacts = await meetings(bench, works, repeat)
    const idle = await idleExchange(bench, [newKey(), newKey()])
    return reportOf({ publishes, contacts, each, works, idle })
  },
}

interface Turn {
  readonly signed: number
  readonly unsigned: number
}

/** Who goes first changes with each turn. */
async function oneTurn(
  turn: number,
  measure: (isSigned: boolean) => Promise<number>,
): Promise<Turn> {
  if (turn % 2 === 1) {
    const unsigned = await measure(false)
    return { signed: await measure(true), unsigned }
  }
  const signed = await measure(true)
  return { signed, unsigned: await measure(false) }
}

const publishTo = (grove: GroveHere, count: number) => grove.publish(count, AT_ONCE)

/** Groves that meet one that has works, with keys and without. */
async function meetings(bench: Workbench, works: number, repeat: number): Promise<Turn[]> {
  await using signing = await groveHere({ dir: bench.path('met'), key })
  await using bare = await groveHere({ dir: bench.path('met') })
  for (const grove of [signing, bare]) await grove.publish(works, AT_ONCE)
  const meet = async (isSigned: boolean) => {
    await using newcomer = await groveHere({
      dir: bench.path('newcomer'),
      key: isSigned ? newKey() : undefined,
    })
    return await firstContact(newcomer, isSigned ? signing : bare, works)
  }
  await oneTurn(0, meet)
  const turns: Turn[] = []
  for (let turn = 0; turn < repeat; turn++) turns.push(await oneTurn(turn, meet))
  return turns
}

/** Works a second, until the newcomer has all that the other has. */
async function firstContact({ node }: GroveHere, met: GroveHere, works: number): Promise<number> {
  const begun = performance.now()
  const { failed } = await node.sync.round({ peers: [met.node.config.self] })
  const seconds = (performance.now() - begun) / 1_000
  const held = await node.contributions.count()
  if (held !== works) throw new Error(`${held} of ${works} came: ${JSON.stringify(failed[0])}`)
  return works / seconds
}

interface Found {
  readonly publishes: readonly Turn[]
  readonly contacts: readonly Turn[]
  readonly each: number
  readonly works: number
  readonly idle: Awaited<ReturnType<typeof idleExchange>>
}

function reportOf({ publishes, contacts, each, works, idle }: Found): Report {
  const aim = (least: number) => ({ unit: '/s', aim: { least, of: 'ratio' as const } })
  const signed = ({ signed }: Turn) => signed
  const beside = (what: string) => ({ what, value: ({ unsigned }: Turn) => unsigned })
  const single = cids(SAMPLES).map((cid) => [cid])
  const bytes = { unit: 'B' }
  return {
    how: [
      `${each} publishes a turn in this process, ${AT_ONCE} at once, by turns with and without.`,
      `First contact: a new grove syncs with one that has ${works} works, both in this process,`,
      'over a socket; they have keys and verify origins, or neither.',
      `Single: the mean of ${SAMPLES}. In a batch: of ${ORIGIN_BATCH_MAX} that share a signature.`,
      'Processor time on one thread; groves sign and verify in others.',
      'An idle exchange: of two groves that sign and have nothing new to tell, as on the wire.',
    ],
    rows: [
      comparison(
        publishes,
        { figure: 'publishes, all signed', ...aim(0.9) },
        signed,
        beside('publishes of a grove without a key'),
      ),
      comparison(
        contacts,
        { figure: 'first contact, works with origins', ...aim(0.85) },
        signed,
        beside('first contact of two groves without keys'),
      ),
      ...costs('single', single),
      ...costs('in a batch', [cids(ORIGIN_BATCH_MAX)]),
      { figure: 'idle exchange, body there', ...bytes, value: idle.there.body, aim: IDLE_AIM },
      { figure: 'idle exchange, body back', ...bytes, value: idle.back.body, aim: IDLE_AIM },
      { figure: 'idle exchange, headers there', ...bytes, value: idle.there.head },
      { figure: 'idle exchange, headers back', ...bytes, value: idle.back.head },
    ],
  }
}

const IDLE_AIM = { most: 300 }

/** What it takes to sign and to verify a contribution; a batch's signature is verified once. */
function costs(how: string, batches: readonly (readonly Cid[])[]): Report['rows'] {
  const count = batches.flat().length
  const begun = performance.now()
  const signed = batches.map((batch) => signOrigins(key, batch, begun))
  const between = performance.now()
  for (const [n, batch] of batches.entries())
    for (const [place, cid] of batch.entries()) {
      const origin = signed[n]?.[place]
      const said = origin && saidBy(cid, origin)
      if (origin === undefined || said === undefined) throw new Error('an origin has lost its path')
      const { signature } = origin
      if (place === 0 && !isSignedBy(key.peerId, { ...said, signature }))
        throw new Error('a signature does not hold')
    }
  const micros = (ms: number) => (ms * 1_000) / count
  return [
    { figure: `sign a contribution, ${how}`, unit: 'µs', value: micros(between - begun) },
    { figure: `verify one, ${how}`, unit: 'µs', value: micros(performance.now() - between) },
  ]
}

const cids = (count: number): Cid[] =>
  Array.from({ length: count }, (_, n) => hashBytes(Buffer.from(`contribution ${n}`)))
