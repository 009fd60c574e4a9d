import { Readable } from 'node:stream'
import { Door } from '../../src/api/admission/door.ts'
import { OwnAddresses } from '../../src/api/admission/own-addresses.ts'
import { ApiAnswerer } from '../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../src/api/answer/request.ts'
import { SigningKey } from '../../src/core/identity/ed25519.ts'
import type { AdmissionMode } from '../../src/core/peers/admission.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { GossipMessage } from '../../src/core/wire/gossip.ts'
import type { CallSigning } from '../../src/transport/call-signer.ts'
import { httpTransport } from '../../src/transport/client.ts'
import type { CarriedAnswer, CarriedRequest, HttpCarrier } from '../../src/transport/dialler.ts'
import { standingClock } from './standing-clock.ts'
import { testNode } from './test-node.ts'

/** An answer whose body is whole in memory. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Requests go to where their origin says, in memory; each place may be anybody's. */
export class Places {
  readonly #at = new Map<string, (request: CarriedRequest) => Promise<WholeAnswer>>()
  readonly sent: CarriedRequest[] = []

  set(origin: string, answer: (request: CarriedRequest) => Promise<WholeAnswer>): void {
    this.#at.set(origin, answer)
  }

  async ask(request: CarriedRequest): Promise<WholeAnswer> {
    this.sent.push(request)
    const answer = this.#at.get(request.origin)
    if (answer === undefined) throw new Error(`nobody is at ${request.origin}`)
    return answer(request)
  }

  get carrier(): HttpCarrier {
    const request = async (asked: CarriedRequest): Promise<CarriedAnswer> => {
      const { status, headers, body } = await this.ask(asked)
      return { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) }
    }
    return { request, destroy: async () => {} }
  }
}

export const keyOf = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))

/** How long a grove has been up: what is signed just after its start is not taken. */
export const UP_MS = 100_000

interface SignedGrove {
  readonly n: number
  readonly admission: AdmissionMode
  /** How far its clock is ahead. */
  readonly aheadMs?: number
  /** More addresses at which it is reached. */
  readonly alsoAt?: readonly string[]
}

/** A grove with a key at http://10.0.0.<n>:4515, which signs what it asks. */
export function signedGrove(
  places: Places,
  { n, admission, aheadMs = 0, alsoAt = [] }: SignedGrove,
  onClock: CallSigning['onClock'] = () => {},
  onUnsigned: CallSigning['onUnsigned'] = () => {},
) {
  const key = keyOf(n)
  const self: PeerAddress = { peerId: key.peerId, address: `http://10.0.0.${n}:4515` }
  const { clock, move } = standingClock()
  move(1_700_000_000_000 + aheadMs - UP_MS)
  const grove = testNode([], { self, reachable: true, admission })
  const { access } = grove.node
  const place = { address: self.address, bound: self.address, names: [], alsoAt }
  const signing = { key, own: new OwnAddresses(place), secret: 'secret' }
  const open = () => new Door({ access, clock, admission, signing })
  let answerer = new ApiAnswerer(grove.node, { door: open() })
  move(UP_MS)
  const answer = async ({ origin, path, method, headers, body = '' }: CarriedRequest) => {
    const host = new URL(origin).host
    const asked = { method, target: path, headers: { host, ...headers }, body }
    const { response } = await answerer.answer(memoryRequest({ ...asked, remote: '203.0.113.9' }))
    return { ...response, body: String(response.body ?? '') }
  }
  places.set(self.address, answer)
  let nonces = 0
  const nonce = () => (++nonces).toString(16).padStart(32, '0')
  const transport = httpTransport({
    ...{ allowPrivate: true, clock, carrier: places.carrier },
    signing: { key, nonce, onClock, onUnsigned },
  })
  const message: GossipMessage = {
    ...self,
    ...{ frontier: [], load: { queueDepth: 0 }, capabilities: {} },
    timestamp: '2026-01-01T00:00:00.000Z',
  }
  return {
    ...{ key, self, access, move, answer, transport },
    /** Asks another grove for gossip; its id there. */
    exchange: async (peer: PeerAddress) => (await transport.exchange(peer, message)).message.peerId,
    restart() {
      answerer = new ApiAnswerer(grove.node, { door: open() })
    },
    [Symbol.asyncDispose]: () => grove[Symbol.asyncDispose](),
  }
}
