import { OwnAddresses } from '../../../src/api/admission/own-addresses.ts'
import { bind } from '../../../src/api/http/server.ts'
import type { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { defaultPolicy } from '../../../src/core/policy.ts'
import { GroveNode } from '../../../src/node/node.ts'
import { publish } from '../../../src/node/publish.ts'
import { silentLog } from '../../../src/ports/log.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { secretHex } from '../../../src/runtime/secret.ts'
import { poolSignatures } from '../../../src/runtime/signatures.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { sampleDraft } from '../samples.ts'

const NONCE_BYTES = 16
/** Nothing is done by itself while something is measured. */
const DAY_MS = 24 * 60 * 60_000
/** A first contact brings all that there is. */
const POLICY = { ...defaultPolicy, topK: 1_000, maxRequestsPerRound: 1_000_000 }

/** A grove in this process, served over a socket. */
export interface GroveHere extends AsyncDisposable {
  readonly node: GroveNode
  readonly transport: Transport
  readonly url: string
  /** Publishes so many, so many at once; publishes a second. */
  publish(count: number, atOnce: number): Promise<number>
}

export interface GroveHereOptions {
  readonly dir: string
  /** Without one it signs nothing, and keeps no signature of others. */
  readonly key?: SigningKey | undefined
  /** The address at which it is called, by that where it listens. Default: that. */
  readonly at?: (url: string) => Promise<string>
}

let number = 0

export async function groveHere({ dir, key, at }: GroveHereOptions): Promise<GroveHere> {
  const clock = systemClock
  const stores = await openSqliteStores({ dir, nextTurn, clock, random: systemRandom })
  const nonce = () => secretHex(NONCE_BYTES)
  const transport = httpTransport({
    ...{ allowPrivate: true, clock },
    ...(key === undefined ? {} : { signing: { key, nonce } }),
  })
  const bound = await bind({ host: '127.0.0.1', port: 0 })
  const address = (await at?.(bound.url)) ?? bound.url
  const self = { peerId: key?.peerId ?? address, address }
  const intervals = { gossipIntervalMs: DAY_MS, syncIntervalMs: DAY_MS, fetchTimeoutMs: 30_000 }
  const node = new GroveNode(
    { ...intervals, self, seeds: [], policy: POLICY, reachable: true },
    {
      ...{ ...stores, transport, clock, nextTurn },
      ...{ random: systemRandom, log: silentLog, secret: secretHex },
      signatures: key && poolSignatures(key),
    },
  )
  await node.start()
  const own = new OwnAddresses({ address, bound: bound.url, names: [] })
  const signing = key && { key, own, secret: nonce() }
  const server = bound.serve(node, { nextTurn, ...(signing && { signing }) })
  return {
    ...{ node, transport, url: address },
    async publish(count, atOnce) {
      let left = count
      const work = async () => {
        while (left-- > 0) await publish(node, sampleDraft(number++))
      }
      const begun = performance.now()
      await Promise.all(Array.from({ length: atOnce }, work))
      return (count * 1_000) / (performance.now() - begun)
    },
    async [Symbol.asyncDispose]() {
      await server.close({ graceMs: 0 })
      await node.close()
      await transport.close()
      await stores.close()
    },
  }
}
