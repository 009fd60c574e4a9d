import { GroveError } from '../core/errors.ts'
import type { ByteSource, PutOptions } from '../ports/blob-store.ts'

/**
 * The chunks of a source as they come, without empty ones. Throws the signal's reason when it
 * aborts, even while the source is silent, and `too-large` as soon as more than `maxBytes` have
 * come. A source that is not read to its end is closed.
 */
export async function* receive(
  source: ByteSource,
  { maxBytes, signal }: Pick<PutOptions, 'maxBytes' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted()
  let received = 0
  for await (const chunk of source instanceof Uint8Array
    ? [source]
    : untilAborted(source, signal)) {
    received += chunk.byteLength
    if (maxBytes !== undefined && received > maxBytes)
      throw new GroveError('too-large', { maxBytes })
    if (chunk.byteLength > 0) yield chunk
    signal?.throwIfAborted()
  }
}

function untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  return signal === undefined ? source : abortable(source, signal)
}

async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  // One promise raced for the whole stream would hold every chunk; a listener a chunk is slow.
  let giveUp = (_reason: unknown) => {}
  const onAbort = () => giveUp(signal.reason)
  signal.addEventListener('abort', onAbort)
  const nextOrAbort = () =>
    new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      giveUp = reject
      iterator.next().then(resolve, reject)
    })
  let ended = false
  try {
    while (!ended) {
      const next = await nextOrAbort()
      if (next.done) ended = true
      else yield next.value
    }
  } catch (error) {
    ended = !signal.aborted
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!ended) close(iterator)
  }
}

/** Not awaited: a source that is stuck would never answer. */
function close(iterator: AsyncIterator<Uint8Array>): void {
  iterator.return?.().catch(() => {})
}
