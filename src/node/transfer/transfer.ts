import type { GatheredWrites } from '../../concurrency/gathered-writes.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobInfo, PartialBlob } from '../../ports/blob-store.ts'
import type { TransferContext, Transferred } from '../context.ts'
import { type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { FailoverStream } from './failover-stream.ts'
import { arrivedBytes } from './kept-partials.ts'
import { pieceWriter } from './piece-writer.ts'
import { ProviderSet } from './provider-set.ts'
import type { TransferOptions, WantedBlob } from './wanted-blob.ts'

/**
 * Brings one blob into the store, from the first provider that has it; where one fails on the way,
 * from the next at the byte reached, as long as each turn brings something new. What has come of a
 * blob that can't be had whole is kept for the next transfer. A peer that sent wrong bytes in one
 * answer is recorded and asked no more; where several answers made them, each peer is then tried
 * alone. There is one transfer of a blob at a time: who joins one that fails then tries its own
 * providers. Throws `fetch-bad-bytes`, `fetch-incomplete`, `too-large`, or what the providers said,
 * with `peersAsked`.
 */
export async function transferBlob(
  node: TransferContext,
  wanted: WantedBlob,
  providers: readonly PeerAddress[],
  options: TransferOptions,
): Promise<Transferred> {
  const joined = node.transfers.blobs.has(wanted.hash)
  const { onProgress, isUnasked = false } = options
  const leave = isUnasked ? () => {} : node.transfers.wantedByCaller(wanted.hash)
  const unwatch = node.transfers.watch(wanted.hash, (progress) =>
    onProgress?.({ ...progress, ...(wanted.name !== undefined && { name: wanted.name }) }),
  )
  try {
    const done = await node.transfers.blobs.run(
      wanted.hash,
      (signal) => {
        const transfer = new BlobTransfer(node, wanted, providers, { ...options, signal })
        return node.track(transfer.run())
      },
      options.signal,
    )
    return joined ? { ...done, bytesMoved: 0 } : done
  } catch (error) {
    if (!joined || options.signal.aborted) throw error
  } finally {
    unwatch()
    leave()
  }
  return transferBlob(node, wanted, providers, options)
}

/** How an attempt ended: with the blob, or with why the providers failed. */
type AttemptOutcome = BlobInfo | GroveError

/** One transfer of one blob: its attempts, and what came of them. */
class BlobTransfer {
  readonly #node: TransferContext
  readonly #wanted: WantedBlob
  readonly #providers: ProviderSet
  readonly #options: TransferOptions
  readonly #attempts: FailedAttempt[] = []
  #bytesMoved = 0

  constructor(
    node: TransferContext,
    wanted: WantedBlob,
    providers: readonly PeerAddress[],
    options: TransferOptions,
  ) {
    this.#node = node
    this.#wanted = wanted
    this.#providers = new ProviderSet(providers, options.more ?? (async () => []))
    this.#options = options
  }

  async run(): Promise<Transferred> {
    const { sizeBytes } = await this.#bring()
    return { bytesMoved: this.#bytesMoved, sizeBytes }
  }

  async #bring(): Promise<BlobInfo> {
    const begun = this.#node.transfers.kept.take(this.#wanted.hash)
    const together = this.#stream(this.#providers, begun)
    let outcome = await this.#receive(together, begun)
    const alone = outcome instanceof GroveError ? await this.#suspects(together, outcome) : []
    for (const peer of alone) {
      const before: AttemptOutcome = outcome
      outcome = await this.#receiveAlone(peer)
      if (!(outcome instanceof GroveError)) break
      if (isGroveError(before, 'fetch-incomplete') && outcome.code !== 'hash-mismatch')
        outcome = before
    }
    if (!(outcome instanceof GroveError)) return outcome
    const lied = this.#attempts.some(({ error }) => error.code === 'fetch-bad-bytes')
    throw outcome.code === 'fetch-incomplete' && !lied
      ? outcome
      : failureOf(this.#attempts, { hash: this.#wanted.hash })
  }

  #stream(providers: ProviderSet, begun: PartialBlob | undefined, inOnePiece = false) {
    return new FailoverStream(this.#node, this.#wanted, providers, {
      ...this.#options,
      attempts: this.#attempts,
      inOnePiece,
      ...(begun && { offset: arrivedBytes(begun), sizeBytes: begun.sizeBytes }),
    })
  }

  /**
   * The blob from this peer and nobody else. Only an answer with the whole convicts: of an honest
   * peer whose disk lost some bytes, that is the one that breaks off before its end.
   */
  async #receiveAlone(peer: PeerAddress): Promise<AttemptOutcome> {
    const resumed = await this.#tryAlone(peer, { inOnePiece: false })
    return isGroveError(resumed, 'hash-mismatch')
      ? this.#tryAlone(peer, { inOnePiece: true })
      : resumed
  }

  async #tryAlone(
    peer: PeerAddress,
    { inOnePiece }: { inOnePiece: boolean },
  ): Promise<AttemptOutcome> {
    await this.#node.transfers.kept.take(this.#wanted.hash)?.discard()
    const stream = this.#stream(new ProviderSet([peer], async () => []), undefined, inOnePiece)
    const outcome = await this.#receive(stream, undefined)
    if (!isGroveError(outcome, 'hash-mismatch') || stream.soleProvider === undefined) return outcome
    return this.#blame(peer, stream.receivedBytes, outcome)
  }

  /**
   * Stores the stream's bytes after those of `begun`, or returns why the providers failed. Throws
   * this grove's own failure.
   */
  async #receive(stream: FailoverStream, begun: PartialBlob | undefined): Promise<AttemptOutcome> {
    let partial = begun
    try {
      const chunks = stream.bytes()
      const isWhole = begun !== undefined && begun.missing().length === 0
      const first = isWhole ? ENDED : await chunks.next()
      partial ??= await this.#node.blobs.partial(this.#wanted.hash, stream.sizeBytes)
      const { buffers } = this.#node.transfers
      await fill(pieceWriter(partial, stream.offset, buffers), first, chunks)
      const info = await partial.finish()
      for (const [address, bytes] of stream.bytesByProvider)
        this.#node.peers.bytesGood(address, bytes)
      return info
    } catch (error) {
      return await this.#settle(error, stream, partial)
    } finally {
      this.#bytesMoved += stream.receivedBytes
    }
  }

  /** Returns why the providers failed, or throws. What may be right of the blob is kept. */
  async #settle(
    error: unknown,
    stream: FailoverStream,
    partial: PartialBlob | undefined,
  ): Promise<GroveError> {
    const isPeers = stream.failure !== undefined && error === stream.failure
    if (partial !== undefined) {
      if (isPeers || this.#options.signal.aborted) await this.#node.transfers.kept.keep(partial)
      else await partial.discard()
    }
    if (isPeers && stream.failure !== undefined) return stream.failure
    if (isGroveError(error, 'hash-mismatch')) return error
    throw error
  }

  /** Peers to try alone after all together failed, without one that is proved to have lied. */
  async #suspects(stream: FailoverStream, failure: GroveError): Promise<readonly PeerAddress[]> {
    if (failure.code !== 'hash-mismatch') return stream.isDisputed ? this.#providers.providers : []
    const culprit = stream.soleProvider
    if (culprit === undefined) return this.#providers.providers
    this.#blame(culprit, stream.receivedBytes, failure)
    this.#providers.ban(culprit)
    const { providers } = this.#providers
    return providers.length > 0 ? providers : this.#providers.widen()
  }

  #blame(peer: PeerAddress, badBytes: number, cause: unknown): GroveError {
    const { hash } = this.#wanted
    const error = new GroveError(
      'fetch-bad-bytes',
      { ...peer, hash },
      { message: `${peer.address} sent bytes that are not ${hash}`, cause },
    )
    noteFailure(this.#node, peer, error, badBytes)
    this.#attempts.push({ peer, error })
    return error
  }
}

const ENDED: IteratorReturnResult<void> = { done: true, value: undefined }

/** Writes what comes, also where the rest then fails. */
async function fill(
  writer: GatheredWrites,
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<void> {
  try {
    for (let next = first; next.done !== true; next = await rest.next())
      await writer.add(next.value)
  } finally {
    await rest.return()
    await writer.flush()
  }
}
