import { parentPort, workerData } from 'node:worker_threads'
import type { Job } from './jobs.ts'
import { Writer } from './writer.ts'

/** The writer's thread: takes batches of jobs, answers each with its outcomes, ends at `close`. */
const { file } = workerData as { readonly file: string }
const writer = new Writer(file)

parentPort?.on('message', (message: readonly Job[] | 'close') => {
  if (message === 'close') {
    writer.close()
    parentPort?.close()
  } else parentPort?.postMessage(writer.commit(message))
})
