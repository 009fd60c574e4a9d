import type { IncomingHttpHeaders } from 'node:http'
import { BoundedMap } from '../concurrency/bounded.ts'
import { GroveError } from '../core/errors.ts'
import { isKeyId, type KeyId, type SigningKey } from '../core/identity/ed25519.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import {
  answerKey,
  CONTENT_DIGEST,
  digestOf,
  GROVE_CHALLENGE,
  holdsAnswer,
  SIGNATURE,
  SIGNATURE_INPUT,
  signRequest,
} from '../signing/http-signature.ts'
import { KnownKeys } from '../signing/known-keys.ts'
import { changedOnTheWay, peerFault } from './faults.ts'

/** Peers of which it is remembered how they want to be called. */
const CALLED_MAX = 1_024
/** How long a peer that doesn't know its own address is called without a signature. */
const UNSIGNED_MS = 10 * 60_000
/** How long a peer that has signed its answers is expected to. */
const PROVEN_MS = 24 * 60 * 60_000
/** A clock that is off by less is of no account. */
const OFFSET_MIN_MS = 5_000

export interface CallSigning {
  readonly key: SigningKey
  /** By which answers are verified. Default: those of the system. */
  readonly keys?: KnownKeys
  /** 32 hex digits that nobody can guess. */
  readonly nonce: () => string
  /** Told once of a peer whose clock is off, and by how much. */
  readonly onClock?: (peer: PeerAddress, offsetMs: number) => void
  /** Told once of a peer that has stopped to sign its answers. */
  readonly onUnsigned?: (peer: PeerAddress) => void
}

/** How a peer at an address wants to be called. */
interface Called {
  /** The key that calls there are for. */
  readonly id?: KeyId
  /** The key that has signed an answer there, and when. */
  readonly proven?: { readonly id: KeyId; readonly at: number; readonly isTold?: true }
  /** By how much the peer's clock is ahead. */
  readonly offsetMs: number
  /** Until then calls are not signed. */
  readonly unsignedUntil: number
}

const UNCALLED: Called = { offsetMs: 0, unsignedUntil: 0 }

/** The headers that sign a call; empty for one that isn't signed. */
export type CallHeaders = Readonly<Record<string, string>>

/** An answer, as far as its signature covers it. */
interface AnswerHead {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
}

/** Signs calls to peers, and finds out who signed the answers. */
export class CallSigner {
  readonly #options: CallSigning & { readonly clock: Clock }
  readonly #keys: KnownKeys
  readonly #called = new BoundedMap<string, Called>(CALLED_MAX)

  constructor(options: CallSigning & { readonly clock: Clock }) {
    this.#options = options
    this.#keys = options.keys ?? new KnownKeys()
  }

  /** These keys have signed at these addresses, and are expected to from now on. */
  expect(peers: readonly PeerAddress[]): void {
    const at = this.#now()
    for (const peer of peers)
      if (isKeyId(peer.peerId) && this.#of(peer).proven === undefined)
        this.#learn(peer, { proven: { id: peer.peerId, at } })
  }

  async headersFor(
    peer: PeerAddress,
    call: { readonly method: string; readonly target: string; readonly body?: string },
  ): Promise<CallHeaders> {
    const { clock, key, nonce } = this.#options
    const now = clock.now()
    const { offsetMs, unsignedUntil } = this.#of(peer)
    if (now < unsignedUntil) return {}
    const created = Math.floor((now + offsetMs) / 1_000)
    return signRequest(key, { ...call, to: this.#idOf(peer) }, { created, nonce: nonce() })
  }

  /**
   * Learns from a refusal how the peer wants to be called: by which id, by what clock, or without a
   * signature where it doesn't know its own address. True if another call may succeed. Only what
   * the answerer signed for this very call is heeded, and to call a peer without a signature, only
   * the word of the key that is expected there.
   */
  async heeds(peer: PeerAddress, call: CallHeaders, answer: AnswerHead): Promise<boolean> {
    const challenge = String(answer.headers[GROVE_CHALLENGE] ?? '')
    const [, said, clock, reason] = CHALLENGE_PATTERN.exec(challenge) ?? []
    if (said === undefined || (await this.#signer(call, answer)) !== said) return false
    const id = said as KeyId
    if (reason === 'receiver') return this.#callFor(peer, id)
    const proven = this.#provenIdOf(peer)
    if (reason === 'target') return [undefined, id].includes(proven) && this.#callUnsigned(peer, id)
    if ([undefined, id].includes(this.#idOf(peer)) || proven === id)
      return this.#setClock(peer, id, Number(clock))
    return this.#forget(peer)
  }

  /**
   * Who signed the answer to a call, whose whole body this is; undefined if nobody did. Throws
   * `peer-fault` for a signature that doesn't hold, `peer-unreachable` where it holds for another
   * body, which was then changed on its way, and `refused` where there is none though the peer
   * signs what it is `sealed` by.
   */
  async signerOf(
    peer: PeerAddress,
    call: CallHeaders,
    answer: AnswerHead,
    { body, isSealed }: { readonly body: Uint8Array; readonly isSealed: boolean },
  ): Promise<KeyId | undefined> {
    if (call[SIGNATURE] === undefined) return undefined
    if (answer.headers[SIGNATURE_INPUT] === undefined) {
      if (isSealed) this.#refuseUnsigned(peer)
      return undefined
    }
    const id = await this.#signer(call, answer)
    if (id === undefined)
      throw peerFault(peer, 'forged', 'sent an answer whose signature does not hold')
    if (answer.headers[CONTENT_DIGEST] !== digestOf(body)) throw changedOnTheWay(peer)
    if ([undefined, id].includes(this.#idOf(peer)))
      this.#learn(peer, { id, proven: { id, at: this.#now() } })
    return id
  }

  /** Groves that sign go on signing: somebody in between could take each signature away. */
  #refuseUnsigned(peer: PeerAddress): void {
    const { proven } = this.#of(peer)
    if (proven === undefined || proven.at + PROVEN_MS <= this.#now()) return
    if (proven.isTold !== true) this.#options.onUnsigned?.(peer)
    this.#learn(peer, { proven: { ...proven, isTold: true } })
    const message =
      `${peer.address} has answered without a signature, though ${proven.id} has signed there: ` +
      'somebody in between may have taken it away, or an older version of Grove answers'
    throw new GroveError('refused', { ...peer }, { message })
  }

  async #signer(
    call: CallHeaders,
    { statusCode, headers }: AnswerHead,
  ): Promise<KeyId | undefined> {
    const signature = call[SIGNATURE]
    const said = answerKey(String(headers[SIGNATURE_INPUT] ?? ''))
    const key = said && this.#keys.get(said.keyid)
    if (signature === undefined || key === undefined) return undefined
    const names = [SIGNATURE, SIGNATURE_INPUT, CONTENT_DIGEST, GROVE_CHALLENGE]
    const covered = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]))
    const holds = await holdsAnswer({ status: statusCode, headers: covered }, signature, key)
    return holds && said?.isChallenge === (headers[GROVE_CHALLENGE] !== undefined)
      ? said.keyid
      : undefined
  }

  #setClock(peer: PeerAddress, id: KeyId, clockMs: number): boolean {
    const offsetMs = clockMs - this.#now()
    const before = this.#of(peer).offsetMs
    const isNews = Math.abs(offsetMs - before) > OFFSET_MIN_MS
    if (isNews && Math.abs(offsetMs) > OFFSET_MIN_MS) this.#options.onClock?.(peer, offsetMs)
    return this.#learn(peer, { id, offsetMs })
  }

  /** Another key answers there: what the one before has said of its clock says nothing of it. */
  #callFor(peer: PeerAddress, id: KeyId): true {
    return this.#learn(peer, this.#of(peer).id === id ? {} : { id, offsetMs: 0 })
  }

  #callUnsigned(peer: PeerAddress, id: KeyId): true {
    return this.#learn(peer, { id, unsignedUntil: this.#now() + UNSIGNED_MS })
  }

  /** Others answer there now: the next call finds out anew who it is for, and by what clock. */
  #forget(peer: PeerAddress): false {
    const { id: _, ...known } = this.#of(peer)
    this.#called.set(peer.address, { ...known, offsetMs: 0 })
    return false
  }

  /** The key that the peer is said to have; else the one that has signed an answer there. */
  #provenIdOf(peer: PeerAddress): KeyId | undefined {
    return isKeyId(peer.peerId) ? peer.peerId : this.#of(peer).proven?.id
  }

  /** The key that answered there; else the one that the peer is said to have. */
  #idOf(peer: PeerAddress): KeyId | undefined {
    return this.#of(peer).id ?? (isKeyId(peer.peerId) ? peer.peerId : undefined)
  }

  #of({ address }: PeerAddress): Called {
    return this.#called.get(address) ?? UNCALLED
  }

  #learn(peer: PeerAddress, learned: Partial<Called>): true {
    this.#called.set(peer.address, { ...this.#of(peer), ...learned })
    return true
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

const CHALLENGE_PATTERN = /^(ed25519:[0-9a-f]{64}) (\d{1,15}) (receiver|time|target)$/
