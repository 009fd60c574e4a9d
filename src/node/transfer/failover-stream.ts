import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobAnswer } from '../../ports/transport.ts'
import type { TransferContext } from '../context.ts'
import { type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import type { ProviderSet } from './provider-set.ts'
import type { TransferOptions, WantedBlob } from './wanted-blob.ts'

/** Turns of one provider for one blob: a cut connection may be the network's doing. */
const TURNS_PER_PROVIDER = 2
/** The least time between two reports of progress. */
const PROGRESS_MS = 100

interface FailoverOptions extends TransferOptions {
  /** Grows by the providers that failed. */
  readonly attempts: FailedAttempt[]
}

/** The bytes of one blob as one stream, from as many providers in turn as it takes. */
export class FailoverStream {
  /** How many bytes each provider sent, by its address. */
  readonly bytesByProvider = new Map<string, number>()
  receivedBytes = 0
  /** Why the stream ended too early. */
  failure: GroveError | undefined
  readonly #node: TransferContext
  readonly #wanted: WantedBlob
  readonly #providers: ProviderSet
  readonly #options: FailoverOptions
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
    this.#sizeBytes = wanted.sizeBytes
  }

  /** The provider that sent all there is; undefined where there are several. */
  get soleProvider(): PeerAddress | undefined {
    if (this.bytesByProvider.size > 1) return undefined
    const [address] = this.bytesByProvider.keys()
    return this.#providers.providers.find((peer) => peer.address === address)
  }

  /**
   * Ends where the blob ends. Throws `fetch-incomplete` where some bytes came and no peer has the
   * rest, else why no peer sent any.
   */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const turns = new Map<PeerAddress, number>()
    const before = this.#options.attempts.length
    let queue = [...this.#providers.providers]
    while (queue.length > 0) {
      for (const peer of queue) {
        const failure = yield* this.#from(peer)
        if (failure === undefined) return this.#tell(peer, true)
        this.#options.attempts.push({ peer, error: failure })
        turns.set(peer, mayRecover(failure) ? (turns.get(peer) ?? 0) + 1 : TURNS_PER_PROVIDER)
      }
      const again =
        this.receivedBytes > 0
          ? queue.filter((peer) => (turns.get(peer) ?? 0) < TURNS_PER_PROVIDER)
          : []
      queue = [...(await this.#providers.widen()), ...again]
    }
    this.failure = this.#failureOf(this.#options.attempts.slice(before))
    throw this.failure
  }

  /** The rest of the blob from this provider. Returns why it stopped before the end. */
  async *#from(peer: PeerAddress): AsyncGenerator<Uint8Array, GroveError | undefined, undefined> {
    const { signal: outer } = this.#options
    const leave = await this.#node.transfers.enter(peer.address, outer)
    const ended = new AbortController()
    const signal = AbortSignal.any([outer, ended.signal])
    try {
      const { hash, via } = this.#wanted
      const request = { hash, offset: this.receivedBytes, ...(via === undefined ? {} : { via }) }
      const answer = await this.#node.transport.blob(peer, request, { signal })
      yield* this.#read(peer, answer)
      return undefined
    } catch (error) {
      if (outer.aborted || !isGroveError(error)) throw error
      noteFailure(this.#node, peer, error)
      return error
    } finally {
      ended.abort()
      leave()
    }
  }

  async *#read(
    peer: PeerAddress,
    { sizeBytes, body }: BlobAnswer,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { hash, maxBytes = Number.POSITIVE_INFINITY } = this.#wanted
    const size = sizeBytes ?? Number.POSITIVE_INFINITY
    if (size > maxBytes && sizeBytes !== undefined)
      throw new GroveError('too-large', { hash, sizeBytes, maxBytes })
    this.#sizeBytes = sizeBytes ?? this.#sizeBytes
    for await (const chunk of body) {
      this.bytesByProvider.set(
        peer.address,
        (this.bytesByProvider.get(peer.address) ?? 0) + chunk.byteLength,
      )
      this.receivedBytes += chunk.byteLength
      if (this.receivedBytes > size) throw fault(peer, 'too-long', `sends more than ${size} bytes`)
      // The peer promised no size: this is our limit, and not its fault.
      if (this.receivedBytes > maxBytes) throw new GroveError('too-large', { hash, maxBytes })
      this.#tell(peer, false)
      yield chunk
    }
    if (sizeBytes !== undefined && this.receivedBytes < sizeBytes)
      throw fault(peer, 'cut-off', `sent ${this.receivedBytes} of ${sizeBytes} bytes`)
  }

  #failureOf(attempts: readonly FailedAttempt[]): GroveError {
    const { hash } = this.#wanted
    const failure = failureOf(attempts, { hash })
    if (this.receivedBytes === 0) return failure
    const details = {
      ...failure.details,
      hash,
      receivedBytes: this.receivedBytes,
      sizeBytes: this.#sizeBytes,
    }
    return new GroveError('fetch-incomplete', details, {
      message: `only ${this.receivedBytes} bytes of ${hash} came, and no peer has the rest`,
      cause: failure,
    })
  }

  #tell({ peerId }: PeerAddress, done: boolean): void {
    const now = this.#node.clock.now()
    if (!done && now - this.#toldAt < PROGRESS_MS) return
    this.#toldAt = now
    const { hash } = this.#wanted
    const { receivedBytes } = this
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

/** Whether the network may have failed, and not the peer: then the peer may have its turn again. */
function mayRecover({ kind, details }: GroveError): boolean {
  return (kind.blame === 'network' && kind.retryable) || details['fault'] === 'cut-off'
}

function fault(peer: PeerAddress, kind: string, said: string): GroveError {
  return new GroveError(
    'peer-fault',
    { ...peer, fault: kind },
    { message: `${peer.address} ${said}` },
  )
}
