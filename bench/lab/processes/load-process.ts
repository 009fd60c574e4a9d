import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Pool } from 'undici'
import type {
  DownloadJob,
  Job,
  RequestsJob,
  RequestsResult,
  Took,
  TransferResult,
  UploadJob,
} from '../load.ts'

/** A process that sends requests. It takes one job at a time and answers with what it measured. */
process.on('message', (job: Job) => {
  void carryOut(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  )
})

function carryOut(job: Job): Promise<RequestsResult | TransferResult> {
  switch (job.type) {
    case 'requests':
      return sendAll(job)
    case 'upload':
      return upload(job)
    case 'download':
      return download(job)
  }
}

/** Sends all requests over kept connections, each with one request at a time. */
async function sendAll({ origin, connections, requests }: RequestsJob): Promise<RequestsResult> {
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const latenciesMs = new Array<number>(requests.length)
  const statuses: number[] = new Array<number>(requests.length)
  const answers: string[] = new Array<string>(requests.length)
  let next = 0
  const sendNext = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const { method, path, headers, body } = requests[at]!
      const begun = performance.now()
      const answer = await pool.request({
        method,
        path,
        ...(headers && { headers }),
        body: body ?? null,
      })
      answers[at] = await answer.body.text()
      statuses[at] = answer.statusCode
      latenciesMs[at] = performance.now() - begun
    }
  }
  const end = stopwatch()
  await Promise.all(Array.from({ length: connections }, sendNext))
  const took = end()
  await pool.close()
  return { ...took, latenciesMs, statuses, answers }
}

/** Sends a file as the body of one request, between a head and a tail, which may be empty. */
async function upload({
  origin,
  method,
  path,
  headers,
  file,
  head,
  tail,
}: UploadJob): Promise<TransferResult> {
  const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 })
  const body = Readable.from(
    (async function* () {
      if (head !== '') yield Buffer.from(head)
      yield* createReadStream(file, { highWaterMark: 512 * 1024 })
      if (tail !== '') yield Buffer.from(tail)
    })(),
    { objectMode: false },
  )
  const end = stopwatch()
  const answer = await pool.request({ method, path, headers, body })
  const text = await answer.body.text()
  const took = end()
  await pool.close()
  if (answer.statusCode >= 300)
    throw new Error(`upload answered ${answer.statusCode}: ${text.slice(0, 500)}`)
  return { ...took, answer: text }
}

/** Writes the answer to a request to a new file, unverified, and removes it. */
async function download({ origin, path, file, sync }: DownloadJob): Promise<TransferResult> {
  const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 })
  const end = stopwatch()
  const answer = await pool.request({ method: 'GET', path })
  if (answer.statusCode !== 200) throw new Error(`download answered ${answer.statusCode}`)
  await pipeline(answer.body, createWriteStream(file))
  if (sync) await syncFile(file)
  const took = end()
  await pool.close()
  await rm(file)
  return { ...took, answer: '' }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path)
  await handle.datasync()
  await handle.close()
}

/** Starts to measure; the returned function stops. */
function stopwatch(): () => Took {
  const [begun, before] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { seconds: (performance.now() - begun) / 1_000, cpuSeconds: (user + system) / 1_000_000 }
  }
}
