import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileBytes } from '../../disk/file-bytes.ts'
import type { ByteSource } from '../../ports/blob-store.ts'

/** A source that can be read again and again. */
export interface Spooled extends AsyncDisposable {
  open(): ByteSource
}

/**
 * Copies a source that can be read only once into a private temporary file, which is removed when
 * the copy is disposed of. Throws what the source throws, and the system's errors.
 */
export async function spooled(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-'))
  const path = join(folder, 'source')
  const dispose = () => rm(folder, { recursive: true, force: true })
  try {
    await pipeline(source, createWriteStream(path, { mode: 0o600 }), signal ? { signal } : {})
  } catch (error) {
    await dispose()
    throw error
  }
  return { open: () => fileBytes(path), [Symbol.asyncDispose]: dispose }
}
