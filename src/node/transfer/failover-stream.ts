import type { Slot } from '../../concurrency/slots.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobAnswer } from '../../ports/transport.ts'
import type { TransferContext } from '../context.ts'
import { type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import type { ProviderSet } from './provider-set.ts'
import type { TransferOptions, WantedBlob } from './wanted-blob.ts'

/**
 * Turns in vain of one provider for one blob: a cut connection may be the network's doing. A turn
 * that brings something new is not in vain.
 */
const TURNS_PER_PROVIDER = 2
/** A turn that brings so many bytes was not in vain. For less, a request costs too much. */
const TURN_MIN_BYTES = 64 * 1024
/** A provider that has sent nothing after this long waits until the others have been asked. */
const FIRST_BYTE_MS = 2_000
/** The least time between two reports of progress. */
const PROGRESS_MS = 100

interface FailoverOptions extends TransferOptions {
  /** The first byte that is wanted. Default: 0. */
  readonly offset?: number
  /** The size that was stated for the bytes before `offset`. */
  readonly sizeBytes?: number | undefined
  /** Whether no provider is asked for the rest of what it has begun. */
  readonly inOnePiece?: boolean
  /** Grows by the providers that failed, each once. */
  readonly attempts: FailedAttempt[]
}

/** How one provider's turn ended before the end of the blob. */
interface Failed {
  readonly error: GroveError
  readonly isInVain: boolean
  /** Whether this grove ended the turn, for the sake of others. */
  readonly isPassedOver?: boolean
}

/** One provider's turn: its slot, and its end. */
interface Turn {
  readonly slot: Slot
  /** Aborts when this grove passes the provider over. */
  readonly passedOver: AbortSignal
  /** Called with the first bytes. */
  readonly begun: () => void
}

/** The bytes of one blob as one stream, from as many providers in turn as it takes. */
export class FailoverStream {
  /** How many bytes each provider sent, by its address. */
  readonly bytesByProvider = new Map<string, number>()
  receivedBytes = 0
  /** Why the stream ended too early. */
  failure: GroveError | undefined
  /** Whether providers disagreed on the size, or can't send the rest of what others began. */
  isDisputed = false
  readonly offset: number
  readonly #node: TransferContext
  readonly #wanted: WantedBlob
  readonly #providers: ProviderSet
  readonly #options: FailoverOptions
  /** Answers that brought bytes. */
  #answers = 0
  #sizeBytes: number | undefined
  #toldAt = 0

  constructor(
    node: TransferContext,
    wanted: WantedBlob,
    providers: ProviderSet,
    options: FailoverOptions,
  ) {
    this.#node = node
    this.#wanted = wanted
    this.#providers = providers
    this.#options = options
    this.offset = options.offset ?? 0
    this.#sizeBytes = options.sizeBytes
  }

  /** The provider that sent the whole blob in one answer; undefined where there is none. */
  get soleProvider(): PeerAddress | undefined {
    if (this.bytesByProvider.size > 1 || this.#answers > 1 || this.offset > 0) return undefined
    const [address] = this.bytesByProvider.keys()
    return this.#providers.providers.find((peer) => peer.address === address)
  }

  /** Size of the whole blob, known as soon as the first provider has answered. */
  get sizeBytes(): number {
    if (this.#sizeBytes === undefined) throw new Error('no provider has answered')
    return this.#sizeBytes
  }

  /**
   * Ends where the blob ends. Throws `fetch-incomplete` where some bytes came and no peer has the
   * rest, else why no peer sent any.
   */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const inVain = new Map<PeerAddress, number>()
    const failures = new Map<PeerAddress, Failed>()
    let queue = [...this.#providers.providers]
    while (queue.length > 0) {
      for (const [index, peer] of queue.entries()) {
        const mayWait = index === queue.length - 1 || inVain.has(peer)
        const failed = yield* this.#from(peer, mayWait)
        if (failed === undefined) return this.#tell(peer, true)
        failures.set(peer, failed)
        if (!failed.isInVain) inVain.set(peer, 0)
        else if (mayRecover(failed.error)) inVain.set(peer, (inVain.get(peer) ?? 0) + 1)
        else inVain.set(peer, TURNS_PER_PROVIDER)
      }
      const again = queue.filter(
        (peer) => (inVain.get(peer) ?? 0) < TURNS_PER_PROVIDER && this.#mayGoOn(failures.get(peer)),
      )
      queue = [...(await this.#providers.widen()), ...again]
    }
    const attempts = [...failures].map(([peer, { error }]) => ({ peer, error }))
    this.#options.attempts.push(...attempts)
    this.failure = this.#failureOf(attempts)
    throw this.failure
  }

  /** The offset of the next byte. */
  get #position(): number {
    return this.offset + this.receivedBytes
  }

  /** Whether a provider may have another turn after this one. */
  #mayGoOn(failed: Failed | undefined): boolean {
    if (this.#position === 0) return failed?.isPassedOver === true
    return this.#options.inOnePiece !== true
  }

  /**
   * The rest of the blob from this provider. Returns why it stopped before the end. A provider that
   * is silent at first, or slow while others wait for its slot, is passed over; `mayWait` says
   * that nobody else could be asked in the first case.
   */
  async *#from(
    peer: PeerAddress,
    mayWait: boolean,
  ): AsyncGenerator<Uint8Array, Failed | undefined, undefined> {
    const { signal: outer } = this.#options
    const ended = new AbortController()
    const { hash, via } = this.#wanted
    const passOver = (why: string) => ended.abort(slow(peer, why))
    const slot = await this.#node.transfers.enter(
      {
        hash,
        address: peer.address,
        sizeBytes: () => this.#sizeBytes ?? this.#wanted.sizeBytes,
        displace: () => passOver('sends slowly while others wait'),
      },
      outer,
    )
    const begun = mayWait
      ? () => {}
      : this.#node.clock.after(FIRST_BYTE_MS, () => passOver('sends nothing'))
    const signal = AbortSignal.any([outer, ended.signal])
    const before = this.receivedBytes
    try {
      const request = { hash, offset: this.#position, ...(via === undefined ? {} : { via }) }
      const answer = await this.#node.transport.blob(peer, request, { signal })
      this.#agreeOnSize(peer, answer)
      yield* this.#read(peer, answer, { slot, passedOver: ended.signal, begun })
      return undefined
    } catch (error) {
      if (outer.aborted || !isGroveError(error)) throw error
      const bytes = this.receivedBytes - before
      return ended.signal.aborted ? passedOver(error, bytes) : this.#failed(peer, error, bytes)
    } finally {
      begun()
      ended.abort()
      slot.leave()
    }
  }

  /** A cut connection that brought something new is no failure of the peer's. */
  #failed(peer: PeerAddress, error: GroveError, bytes: number): Failed {
    const isInVain = isTooLittle(bytes) || !mayRecover(error)
    if (isUnfit(error)) this.isDisputed = true
    if (isInVain) noteFailure(this.#node, peer, error)
    else this.#node.log.debug('transfer cut off', { ...peer, hash: this.#wanted.hash, bytes })
    return { error, isInVain }
  }

  /** Nobody is blamed where two say different sizes: either may be right. */
  #agreeOnSize(peer: PeerAddress, { sizeBytes }: BlobAnswer): void {
    const { hash, maxBytes = Number.POSITIVE_INFINITY } = this.#wanted
    if (sizeBytes > maxBytes) throw new GroveError('too-large', { hash, sizeBytes, maxBytes })
    this.#sizeBytes ??= sizeBytes
    if (this.#sizeBytes === sizeBytes) return
    const message = `${peer.address} says ${sizeBytes} bytes of ${hash}, others ${this.#sizeBytes}`
    throw new GroveError('range-invalid', { hash, sizeBytes }, { message })
  }

  async *#read(
    peer: PeerAddress,
    { sizeBytes, body }: BlobAnswer,
    { slot, passedOver, begun }: Turn,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let hasBegun = false
    for await (const chunk of body) {
      passedOver.throwIfAborted()
      begun()
      slot.moved(chunk.byteLength)
      if (this.#position + chunk.byteLength > sizeBytes)
        throw fault(peer, 'too-long', `sends more than ${sizeBytes} bytes`)
      if (!hasBegun) this.#answers++
      hasBegun = true
      this.bytesByProvider.set(
        peer.address,
        (this.bytesByProvider.get(peer.address) ?? 0) + chunk.byteLength,
      )
      this.receivedBytes += chunk.byteLength
      this.#options.onMoved?.(chunk.byteLength)
      this.#tell(peer, false)
      yield chunk
      slot.asks()
    }
    if (this.#position < sizeBytes)
      throw fault(peer, 'cut-off', `sent ${this.#position} of ${sizeBytes} bytes`)
  }

  #failureOf(attempts: readonly FailedAttempt[]): GroveError {
    const { hash } = this.#wanted
    const failure = failureOf(attempts, { hash })
    if (this.#position === 0) return failure
    const details = {
      ...failure.details,
      hash,
      receivedBytes: this.#position,
      sizeBytes: this.#sizeBytes,
    }
    return new GroveError('fetch-incomplete', details, {
      message: `only ${this.#position} bytes of ${hash} came, and no peer has the rest`,
      cause: failure,
    })
  }

  #tell({ peerId }: PeerAddress, done: boolean): void {
    const now = this.#node.clock.now()
    if (!done && now - this.#toldAt < PROGRESS_MS) return
    this.#toldAt = now
    const { hash } = this.#wanted
    const receivedBytes = this.#position
    this.#node.events.publish({
      type: 'transfer',
      hash,
      receivedBytes,
      sizeBytes: this.#sizeBytes ?? -1,
      peerId,
      done,
    })
    this.#node.transfers.tell({ hash, receivedBytes, sizeBytes: this.#sizeBytes, peerId })
  }
}

const isTooLittle = (bytes: number): boolean => bytes < TURN_MIN_BYTES

/** Nobody is blamed for what others might have done sooner. */
const passedOver = (error: GroveError, bytes: number): Failed => ({
  error,
  isInVain: isTooLittle(bytes),
  isPassedOver: true,
})

function slow(peer: PeerAddress, why: string): GroveError {
  return new GroveError('peer-too-slow', { ...peer }, { message: `${peer.address} ${why}` })
}

/** Whether the network may have failed, and not the peer: then the peer may have its turn again. */
function mayRecover({ kind, code, details }: GroveError): boolean {
  if (kind.blame === 'network') return kind.retryable
  return code === 'peer-too-slow' || details['fault'] === 'cut-off'
}

/** Whether the peer can't send the rest of what others began. Its whole may still be right. */
function isUnfit({ code, details }: GroveError): boolean {
  return (
    code === 'range-invalid' || ['range-ignored', 'wrong-range'].includes(String(details['fault']))
  )
}

function fault(peer: PeerAddress, kind: string, said: string): GroveError {
  return new GroveError(
    'peer-fault',
    { ...peer, fault: kind },
    { message: `${peer.address} ${said}` },
  )
}
