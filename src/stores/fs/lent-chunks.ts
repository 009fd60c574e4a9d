import type { FileHandle } from 'node:fs/promises'
import type { ByteRange } from '../../ports/blob-store.ts'

interface LentOptions extends ByteRange {
  /** The size of a chunk. */
  readonly bytes: number
  readonly signal?: AbortSignal
  /** Called once the file is being closed. */
  readonly onEnd: () => void
}

/**
 * A range of a file in two buffers that take turns: a chunk changes when the next but one is asked
 * for. New buffers for each chunk would stay until V8 collects them, and leave the heap in pieces.
 * Closes the file, also where nobody reads before the signal aborts.
 */
export function lentChunks(handle: FileHandle, options: LentOptions): AsyncIterable<Uint8Array> {
  const { signal, onEnd } = options
  const close = () => {
    onEnd()
    return handle.close()
  }
  const giveUp = () => void close().catch(() => {})
  signal?.addEventListener('abort', giveUp, { once: true })
  const begin = () => signal?.removeEventListener('abort', giveUp)
  return chunksOf(handle, options, { begin, close })
}

async function* chunksOf(
  handle: FileHandle,
  { start, end, bytes, signal }: LentOptions,
  { begin, close }: { readonly begin: () => void; readonly close: () => Promise<void> },
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  begin()
  try {
    let filling = Buffer.allocUnsafeSlow(bytes)
    let other = end - start < bytes ? filling : Buffer.allocUnsafeSlow(bytes)
    for (let at = start; at <= end; ) {
      signal?.throwIfAborted()
      const length = Math.min(bytes, end - at + 1)
      const { bytesRead } = await handle.read(filling, 0, length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield filling.subarray(0, bytesRead)
      const next = other
      other = filling
      filling = next
    }
  } finally {
    await close()
  }
}
