import { Readable } from 'node:stream'
import { Door } from '../../../../src/api/admission/door.ts'
import { OwnAddresses } from '../../../../src/api/admission/own-addresses.ts'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import type { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import type { PeerAddress } from '../../../../src/core/peers/peer.ts'
import type { FormerIds } from '../../../../src/node/config.ts'
import { GroveNode } from '../../../../src/node/node.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { poolSignatures } from '../../../../src/runtime/signatures.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { httpTransport } from '../../../../src/transport/client.ts'
import type { CarriedRequest, HttpCarrier } from '../../../../src/transport/dialler.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { quietConfig } from '../../../support/test-node.ts'

/** Short, so that tests wait for conditions and not for rounds. */
const INTERVAL_MS = 50

type Answer = Awaited<ReturnType<HttpCarrier['request']>>

/** The groves of a test, by their origins. */
export class Internet {
  readonly #at = new Map<string, (request: CarriedRequest) => Promise<Answer>>()
  /** Who was called, in order. */
  readonly called: string[] = []

  set(origin: string, answer: (request: CarriedRequest) => Promise<Answer>): void {
    this.#at.set(origin, answer)
  }

  get carrier(): HttpCarrier {
    const request = async (asked: CarriedRequest) => {
      this.called.push(asked.origin)
      const answer = this.#at.get(asked.origin)
      if (answer === undefined)
        throw Object.assign(new Error('nobody is there'), { code: 'ECONNREFUSED' })
      return answer(asked)
    }
    return { request, destroy: async () => {} }
  }
}

interface ProvingOptions {
  /** It is at http://10.0.0.<n>:4515. */
  readonly n: number
  readonly seeds?: readonly PeerAddress[]
  /** Default: the nth. */
  readonly key?: SigningKey
  readonly former?: FormerIds
  /** What it kept when it ran before. */
  readonly stores?: ReturnType<typeof memoryStores>
}

export const addressAt = (n: number) => `http://10.0.0.${n}:4515`

/** Seeds by their addresses alone. */
export const seedsAt = (...numbers: number[]): PeerAddress[] =>
  numbers.map((n) => ({ peerId: addressAt(n), address: addressAt(n) }))

/** A grove that admits whoever signs, begins to gossip, and is served in memory. */
export async function provingGrove(
  internet: Internet,
  { n, seeds = [], key = keyOf(n), former, stores = memoryStores(seeded(n)) }: ProvingOptions,
) {
  const warned: string[] = []
  const self = { peerId: key.peerId, address: addressAt(n) }
  const admission = 'signed'
  const signing = { key, nonce: () => secretHex(16) }
  const { carrier } = internet
  const transport = httpTransport({ allowPrivate: true, clock: systemClock, carrier, signing })
  const settings = { self, admission, reachable: true, gossipIntervalMs: INTERVAL_MS } as const
  const node = new GroveNode(quietConfig(seeds, { ...settings, ...(former && { former }) }), {
    ...stores,
    ...{ transport, clock: systemClock, random: seeded(n), secret: secretHex },
    log: {
      ...silentLog,
      warn: (text, fields) => void warned.push(`${text} ${JSON.stringify(fields)}`),
    },
    signatures: poolSignatures(key),
  })
  const { access } = node
  const own = new OwnAddresses({ address: self.address, bound: self.address, names: [] })
  const door = new Door({
    access,
    clock: systemClock,
    admission,
    signing: { key, own, secret: 'secret' },
  })
  const answerer = new ApiAnswerer(node, { door })
  internet.set(self.address, async ({ origin, path, method, headers, body = '' }) => {
    const asked = {
      method,
      target: path,
      headers: { host: new URL(origin).host, ...headers },
      body,
    }
    const { response } = await answerer.answer(memoryRequest({ ...asked, remote: '10.0.0.99' }))
    const bytes = Buffer.from(String(response.body ?? ''))
    return { statusCode: response.status, headers: response.headers, body: Readable.from([bytes]) }
  })
  await node.start()
  return {
    ...{ node, self, key, stores, warned },
    /** The ids of the peers that it knows to be proven. */
    knows: () => node.gossip.provenPeers().map(({ peerId }) => peerId),
    async [Symbol.asyncDispose]() {
      await node.close()
      await transport.close()
    },
  }
}
