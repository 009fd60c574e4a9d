import { parentPort, workerData } from 'node:worker_threads'
import { isGroveError } from '../../../core/errors.ts'
import { Connection } from '../database/connection.ts'
import { failure } from '../writer/jobs.ts'
import { LongReads } from './long-reads.ts'
import type { FromReader, ReaderData, ToReader } from './pool.ts'
import { SharedWatch } from './watch.ts'

/** The reader's thread: takes one query at a time, answers it, ends at `close`. */
const { file, cancelled } = workerData as ReaderData
const CACHE_BYTES = 8 * 1024 * 1024
const watch = new SharedWatch(cancelled)
const connection = new Connection(file, {
  isReader: true,
  cacheBytes: CACHE_BYTES,
  alive: () => watch.check(),
})
const reads = new LongReads(connection, watch)

parentPort?.on('message', (message: ToReader) => {
  if (message === 'close') {
    connection.close()
    parentPort?.close()
  } else parentPort?.postMessage(answered(message))
})

function answered({ ticket, query }: Exclude<ToReader, 'close'>): FromReader {
  watch.begin(ticket)
  try {
    return { type: 'answer', answer: reads.answer(query) }
  } catch (error) {
    if (!isGroveError(error)) throw error
    return failure(error)
  }
}
