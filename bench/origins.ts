import { type Cid, hashBytes } from '../src/core/cid.ts'
import { isSignedBy, SECRET_BYTES, SigningKey } from '../src/core/identity/ed25519.ts'
import { ORIGIN_BATCH_MAX, saidBy, signOrigins } from '../src/core/identity/origin.ts'
import { defaultPolicy } from '../src/core/policy.ts'
import { GroveNode } from '../src/node/node.ts'
import { publish } from '../src/node/publish.ts'
import { silentLog } from '../src/ports/log.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { systemRandom } from '../src/runtime/random.ts'
import { secretHex } from '../src/runtime/secret.ts'
import { poolSignatures } from '../src/runtime/signatures.ts'
import { nextTurn } from '../src/runtime/turn.ts'
import { openSqliteStores } from '../src/stores/sqlite/open.ts'
import { httpTransport } from '../src/transport/client.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { comparison, type Report } from './lab/report.ts'
import { sampleDraft } from './lab/samples.ts'
import type { Workbench } from './lab/workbench.ts'

const AT_ONCE = 32
const SAMPLES = 256
const key = SigningKey.fromSecret(Buffer.from(secretHex(SECRET_BYTES), 'hex'))

/** Its baseline is a grove without a key, beside it in the same process. */
export const benchmark: Benchmark = {
  about: 'what it costs to sign all that is published, and to verify it',
  scale: { option: 'count', of: 'publishes', usual: 5_000 },
  takes: '20 s',
  async run(bench, { amount, repeat }) {
    await using signing = await open(bench, 'signing')
    await using bare = await open(bench, 'bare')
    const each = Math.max(AT_ONCE, Math.floor(amount / (2 * repeat)))
    await signing.rate(each)
    await bare.rate(each)
    const turns: Turn[] = []
    for (let turn = 0; turn < repeat; turn++) turns.push(await oneTurn([signing, bare], each, turn))
    return reportOf(turns, each)
  },
}

interface Turn {
  readonly signed: number
  readonly unsigned: number
}

type Publisher = Awaited<ReturnType<typeof open>>

/** Who goes first changes with each turn. */
async function oneTurn(
  [signing, bare]: readonly [Publisher, Publisher],
  count: number,
  turn: number,
): Promise<Turn> {
  if (turn % 2 === 1) {
    const unsigned = await bare.rate(count)
    return { signed: await signing.rate(count), unsigned }
  }
  const signed = await signing.rate(count)
  return { signed, unsigned: await bare.rate(count) }
}

function reportOf(turns: readonly Turn[], each: number): Report {
  const rate = { figure: 'publishes, all signed', unit: '/s' }
  const what = 'publishes of a grove without a key'
  const single = cids(SAMPLES).map((cid) => [cid])
  return {
    how: [
      `${each} publishes a turn in this process, ${AT_ONCE} at once, by turns with and without.`,
      `Single: the mean of ${SAMPLES}. In a batch: of ${ORIGIN_BATCH_MAX} that share a signature.`,
      'Processor time on one thread; groves sign and verify in others.',
    ],
    rows: [
      comparison(turns, { ...rate, aim: { least: 0.9, of: 'ratio' } }, ({ signed }) => signed, {
        what,
        value: ({ unsigned }) => unsigned,
      }),
      ...costs('single', single),
      ...costs('in a batch', [cids(ORIGIN_BATCH_MAX)]),
    ],
  }
}

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

let number = 0

/** A grove in a directory of its own, in this process. */
async function open(bench: Workbench, name: 'signing' | 'bare') {
  const dir = bench.path(name)
  const clock = systemClock
  const stores = await openSqliteStores({ dir, nextTurn, clock, random: systemRandom })
  const transport = httpTransport({ allowPrivate: true, clock })
  const self = { peerId: name, address: `http://${name}.invalid` }
  const settings = { seeds: [], gossipIntervalMs: 60_000, syncIntervalMs: 60_000, self }
  const policy = { ...defaultPolicy, scope: 'off' as const }
  const node = new GroveNode(
    { ...settings, policy, reachable: false, fetchTimeoutMs: 10_000 },
    {
      ...stores,
      transport,
      clock,
      random: systemRandom,
      log: silentLog,
      nextTurn,
      secret: secretHex,
      signatures: name === 'signing' ? poolSignatures(key) : undefined,
    },
  )
  return {
    /** Publishes a second. */
    async rate(count: number): Promise<number> {
      let left = count
      const work = async () => {
        while (left-- > 0) await publish(node, sampleDraft(number++))
      }
      const begun = performance.now()
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      return (count * 1_000) / (performance.now() - begun)
    },
    async [Symbol.asyncDispose]() {
      await node.close()
      await transport.close()
      await stores.close()
    },
  }
}
