import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import type { BlobRequest } from '../../ports/transport.ts'
import type { NodeContext } from '../context.ts'
import { type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { FailoverStream } from './failover-stream.ts'
import { ProviderSet } from './provider-set.ts'

/** A blob to bring here. */
export interface Wanted extends Pick<BlobRequest, 'hash' | 'via'> {
  /** The name to show in progress. */
  readonly name?: string
  /** What a peer said that it measures; another size is then a contradiction. */
  readonly sizeBytes?: number | undefined
  /** No more than this is taken. Throws `too-large`. */
  readonly maxBytes?: number | undefined
}

/** How far a blob has come. */
export interface TransferProgress {
  readonly hash: Cid
  readonly name?: string
  readonly receivedBytes: number
  readonly sizeBytes: number | undefined
  readonly peerId: string
}

export interface TransferOptions {
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
  /** Asked once for other providers, when those that were given don't do. */
  readonly more?: (() => Promise<readonly PeerAddress[]>) | undefined
}

export interface Transferred {
  /** All bytes that came from peers for it, those in vain too. */
  readonly bytesMoved: number
  readonly sizeBytes: number
}

/**
 * Brings one blob into the store, from the first provider that has it; from the next, at the byte reached, where one fails on the
 * way. Who alone sent wrong bytes is recorded and asked no more; where several had a part in them, each is then tried alone.
 * One transfer a blob at a time: who joins one that fails then tries for itself. Throws `fetch-bad-bytes`, `fetch-incomplete`,
 * `too-large`, or what the providers said, with `peersAsked`.
 */
export async function transferBlob(
  node: NodeContext,
  wanted: Wanted,
  providers: readonly PeerAddress[],
  options: TransferOptions,
): Promise<Transferred> {
  const joined = node.transfers.blobs.has(wanted.hash)
  try {
    const done = await node.transfers.blobs.run(
      wanted.hash,
      (signal) => node.track(transfer(node, wanted, providers, { ...options, signal })),
      options.signal,
    )
    return joined ? { ...done, bytesMoved: 0 } : done
  } catch (error) {
    if (!joined || options.signal.aborted) throw error
    return transferBlob(node, wanted, providers, options)
  }
}

async function transfer(
  node: NodeContext,
  wanted: Wanted,
  providers: readonly PeerAddress[],
  options: TransferOptions,
): Promise<Transferred> {
  const circle = new ProviderSet(providers, options.more ?? (async () => []))
  const attempts: FailedAttempt[] = []
  const together = new FailoverStream(node, wanted, circle, { ...options, attempts })
  let outcome = await receive(node, wanted, together, options)
  let bytesMoved = together.receivedBytes
  // Where several had a part and the whole is wrong or not whole, any of them may have spoilt what the others sent: each alone, then.
  const alone =
    outcome instanceof GroveError
      ? await suspects(node, wanted, circle, together, outcome, attempts)
      : []
  for (const peer of alone) {
    const relay = new FailoverStream(node, wanted, new ProviderSet([peer], async () => []), {
      ...options,
      attempts,
    })
    const before = outcome
    outcome = await receive(node, wanted, relay, options)
    bytesMoved += relay.receivedBytes
    if (!(outcome instanceof GroveError)) break
    if (outcome.code === 'hash-mismatch')
      attempts.push({ peer, error: blame(node, peer, wanted, relay.receivedBytes, outcome) })
    else if (before instanceof GroveError && before.code === 'fetch-incomplete') outcome = before
  }
  if (!(outcome instanceof GroveError)) return { bytesMoved, sizeBytes: outcome.sizeBytes }
  const lied = attempts.some(({ error }) => error.code === 'fetch-bad-bytes')
  throw outcome.code === 'fetch-incomplete' && !lied
    ? outcome
    : failureOf(attempts, { hash: wanted.hash })
}

/** Stores what the relay brings, or says why that failed. Throws what is not the providers' doing. */
async function receive(
  node: NodeContext,
  { hash }: Wanted,
  relay: FailoverStream,
  { signal }: TransferOptions,
): Promise<BlobInfo | GroveError> {
  try {
    const info = await node.blobs.put(relay.bytes(), { expect: hash, signal })
    for (const [address, bytes] of relay.bytesByProvider) node.peers.bytesGood(address, bytes)
    return info
  } catch (error) {
    if (error === relay.failure && relay.failure !== undefined) return relay.failure
    if (isGroveError(error, 'hash-mismatch')) return error
    throw error
  }
}

/** Whom to try alone after a failure of all together; who is proved to have lied is not among them. */
async function suspects(
  node: NodeContext,
  wanted: Wanted,
  circle: ProviderSet,
  relay: FailoverStream,
  failure: GroveError,
  attempts: FailedAttempt[],
): Promise<readonly PeerAddress[]> {
  if (failure.code !== 'hash-mismatch')
    return relay.bytesByProvider.size > 0 && circle.providers.length > 1 ? circle.providers : []
  const culprit = relay.soleProvider
  if (culprit === undefined) return circle.providers
  attempts.push({
    peer: culprit,
    error: blame(node, culprit, wanted, relay.receivedBytes, failure),
  })
  circle.ban(culprit)
  return circle.providers.length > 0 ? circle.providers : circle.widen()
}

function blame(
  node: NodeContext,
  peer: PeerAddress,
  { hash }: Wanted,
  badBytes: number,
  cause: unknown,
): GroveError {
  const error = new GroveError(
    'fetch-bad-bytes',
    { ...peer, hash },
    { message: `${peer.address} sent bytes that are not ${hash}`, cause },
  )
  noteFailure(node, peer, error, badBytes)
  return error
}
