import { type Cid, CidHasher } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { MISSING_MAX_HASHES } from '../../core/limits.ts'
import type { CliSession } from '../context.ts'
import { Progress } from '../output/progress.ts'
import type { ArtifactSource } from './artifacts.ts'

/** What was handed to the grove, by artifact name. */
export interface Uploaded {
  readonly artifacts: Readonly<Record<string, Cid>>
  readonly totalBytes: number
}

interface Hashed extends ArtifactSource {
  readonly hash: Cid
  readonly bytes: number
}

/** Hands the grove those artifacts that it doesn't hold yet, streaming each. Throws `hash-mismatch` for a file that changes meanwhile. */
export async function uploadArtifacts(
  session: CliSession,
  sources: readonly ArtifactSource[],
): Promise<Uploaded> {
  const hashed: Hashed[] = []
  for (const source of sources)
    hashed.push({ ...source, ...(await hashOf(source, session.signal)) })
  const missing = new Set(await missingOf(session, [...new Set(hashed.map((each) => each.hash))]))
  const wanted = [
    ...new Map(
      hashed.filter((each) => missing.has(each.hash)).map((each) => [each.hash, each]),
    ).values(),
  ]
  await send(session, wanted)
  return {
    artifacts: Object.fromEntries(hashed.map(({ name, hash }) => [name, hash])),
    totalBytes: hashed.reduce((total, { bytes }) => total + bytes, 0),
  }
}

async function hashOf(
  source: ArtifactSource,
  signal: AbortSignal,
): Promise<{ hash: Cid; bytes: number }> {
  const hasher = new CidHasher()
  let bytes = 0
  for await (const chunk of source.open()) {
    signal.throwIfAborted()
    hasher.update(chunk)
    bytes += chunk.byteLength
  }
  return { hash: hasher.digest(), bytes }
}

async function missingOf({ grove, signal }: CliSession, hashes: readonly Cid[]): Promise<Cid[]> {
  const missing: Cid[] = []
  for (let start = 0; start < hashes.length; start += MISSING_MAX_HASHES) {
    const page = hashes.slice(start, start + MISSING_MAX_HASHES)
    missing.push(...(await grove.missingBlobs({ hashes: page }, { signal })).missing)
  }
  return missing
}

async function send(session: CliSession, wanted: readonly Hashed[]): Promise<void> {
  const totalBytes = wanted.reduce((total, { bytes }) => total + bytes, 0)
  const progress = new Progress(session.output, session.clock)
  let doneBytes = 0
  try {
    for (const { name, hash, open } of wanted) {
      const count = (bytes: number) => {
        doneBytes += bytes
        progress.update({ label: name, doneBytes, totalBytes })
      }
      await sendOne(session, { name, hash, body: counted(open(), count) })
    }
  } finally {
    progress.clear()
  }
}

async function sendOne(
  { grove, signal }: CliSession,
  { name, hash, body }: { name: string; hash: Cid; body: AsyncIterable<Uint8Array> },
): Promise<void> {
  try {
    await grove.uploadBlob(body, { expect: hash, signal })
  } catch (cause) {
    if (!isGroveError(cause, 'hash-mismatch')) throw cause
    throw new GroveError(
      'hash-mismatch',
      { ...cause.details, name },
      { cause, message: `${name} changed while it was being read: contribute it again` },
    )
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(chunk.byteLength)
    yield chunk
  }
}
