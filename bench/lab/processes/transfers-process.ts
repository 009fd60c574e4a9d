import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import type { Transfer, TransfersJob } from '../transfers.ts'

const CHUNK_BYTES = 256 * 1024

/** A process that downloads and uploads at once, and says how long all of it took. */
process.on('message', (job: TransfersJob) => {
  void carryOut(job).then(
    (seconds) => process.send?.({ seconds }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function carryOut({ origin, downloads, uploads, sizeBytes }: TransfersJob): Promise<number> {
  const begun = performance.now()
  await Promise.all([
    ...downloads.map((download) => answerTo(origin, download)),
    ...uploads.map((upload) => answerTo(origin, upload, sizeBytes)),
  ])
  return (performance.now() - begun) / 1_000
}

async function answerTo(
  origin: string,
  { method, path, headers = {} }: Transfer,
  sizeBytes = 0,
): Promise<void> {
  const length = sizeBytes === 0 ? {} : { 'content-length': sizeBytes }
  const outgoing = request(origin + path, {
    method,
    headers: { ...headers, ...length },
    agent: false,
  })
  const answered = once(outgoing, 'response')
  if (sizeBytes === 0) outgoing.end()
  else Readable.from(contentOf(sizeBytes)).pipe(outgoing)
  const [incoming] = (await answered) as [IncomingMessage]
  await once(incoming.resume(), 'end')
  if (incoming.statusCode === undefined || incoming.statusCode >= 300)
    throw new Error(`${method} ${path}: ${incoming.statusCode}`)
}

function* contentOf(sizeBytes: number): Generator<Buffer> {
  const chunk = randomBytes(CHUNK_BYTES)
  for (let left = sizeBytes; left > 0; left -= CHUNK_BYTES)
    yield left < CHUNK_BYTES ? chunk.subarray(0, left) : chunk
}
