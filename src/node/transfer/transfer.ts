import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import type { TransferContext, Transferred } from '../context.ts'
import { type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { FailoverStream } from './failover-stream.ts'
import { ProviderSet } from './provider-set.ts'
import type { TransferOptions, WantedBlob } from './wanted-blob.ts'

/**
 * Brings one blob into the store, from the first provider that has it; where one fails on the way,
 * from the next at the byte reached. A peer that alone sent wrong bytes is recorded and asked no
 * more; where several contributed, each is then tried alone. There is one transfer of a blob at a
 * time: who joins one that fails then tries its own providers. Throws `fetch-bad-bytes`,
 * `fetch-incomplete`, `too-large`, or what the providers said, with `peersAsked`.
 */
export async function transferBlob(
  node: TransferContext,
  wanted: WantedBlob,
  providers: readonly PeerAddress[],
  options: TransferOptions,
): Promise<Transferred> {
  const joined = node.transfers.blobs.has(wanted.hash)
  const { onProgress } = options
  const unwatch = node.transfers.watch(wanted.hash, (progress) =>
    onProgress?.({ ...progress, ...(wanted.name !== undefined && { name: wanted.name }) }),
  )
  try {
    const done = await node.transfers.blobs.run(
      wanted.hash,
      (signal) => node.track(transfer(node, wanted, providers, { ...options, signal })),
      options.signal,
    )
    return joined ? { ...done, bytesMoved: 0 } : done
  } catch (error) {
    if (!joined || options.signal.aborted) throw error
  } finally {
    unwatch()
  }
  return transferBlob(node, wanted, providers, options)
}

async function transfer(
  node: TransferContext,
  wanted: WantedBlob,
  providers: readonly PeerAddress[],
  options: TransferOptions,
): Promise<Transferred> {
  const providerSet = new ProviderSet(providers, options.more ?? (async () => []))
  const attempts: FailedAttempt[] = []
  const together = new FailoverStream(node, wanted, providerSet, { ...options, attempts })
  let outcome = await receive(node, wanted, together, options)
  let bytesMoved = together.receivedBytes
  // Of several contributors any may be corrupt: each is tried alone, which tells who.
  const alone =
    outcome instanceof GroveError
      ? await suspects(node, wanted, providerSet, together, outcome, attempts)
      : []
  for (const peer of alone) {
    const stream = new FailoverStream(node, wanted, new ProviderSet([peer], async () => []), {
      ...options,
      attempts,
    })
    const before = outcome
    outcome = await receive(node, wanted, stream, options)
    bytesMoved += stream.receivedBytes
    if (!(outcome instanceof GroveError)) break
    if (outcome.code === 'hash-mismatch')
      attempts.push({ peer, error: blame(node, peer, wanted, stream.receivedBytes, outcome) })
    else if (before instanceof GroveError && before.code === 'fetch-incomplete') outcome = before
  }
  if (!(outcome instanceof GroveError)) return { bytesMoved, sizeBytes: outcome.sizeBytes }
  const lied = attempts.some(({ error }) => error.code === 'fetch-bad-bytes')
  throw outcome.code === 'fetch-incomplete' && !lied
    ? outcome
    : failureOf(attempts, { hash: wanted.hash })
}

/**
 * Stores the stream's bytes, or returns why the providers failed. Throws this grove's own failure.
 */
async function receive(
  node: TransferContext,
  { hash }: WantedBlob,
  stream: FailoverStream,
  { signal }: TransferOptions,
): Promise<BlobInfo | GroveError> {
  try {
    const info = await node.blobs.put(stream.bytes(), { expect: hash, signal })
    for (const [address, bytes] of stream.bytesByProvider) node.peers.bytesGood(address, bytes)
    return info
  } catch (error) {
    if (error === stream.failure && stream.failure !== undefined) return stream.failure
    if (isGroveError(error, 'hash-mismatch')) return error
    throw error
  }
}

/** Peers to try alone after all together failed, without one that is proved to have lied. */
async function suspects(
  node: TransferContext,
  wanted: WantedBlob,
  providerSet: ProviderSet,
  stream: FailoverStream,
  failure: GroveError,
  attempts: FailedAttempt[],
): Promise<readonly PeerAddress[]> {
  if (failure.code !== 'hash-mismatch')
    return stream.bytesByProvider.size > 0 && providerSet.providers.length > 1
      ? providerSet.providers
      : []
  const culprit = stream.soleProvider
  if (culprit === undefined) return providerSet.providers
  attempts.push({
    peer: culprit,
    error: blame(node, culprit, wanted, stream.receivedBytes, failure),
  })
  providerSet.ban(culprit)
  return providerSet.providers.length > 0 ? providerSet.providers : providerSet.widen()
}

function blame(
  node: TransferContext,
  peer: PeerAddress,
  { hash }: WantedBlob,
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
