import { parentPort, workerData } from 'node:worker_threads'
import type { JobBatch } from './jobs.ts'
import { Writer } from './writer.ts'

/** The writer's thread: takes batches of jobs, tells what came of each, ends at `close`. */
const { file } = workerData as { readonly file: string }
const writer = new Writer(file, () => performance.now())

parentPort?.on('message', (message: JobBatch | 'close') => {
  if (message === 'close') {
    writer.close()
    parentPort?.close()
  } else parentPort?.postMessage(writer.commitWithin(message))
})
