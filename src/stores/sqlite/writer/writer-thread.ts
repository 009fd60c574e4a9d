import { parentPort, workerData } from 'node:worker_threads'
import { SigningKey } from '../../../core/identity/ed25519.ts'
import type { JobBatch, KeyToSignWith } from './jobs.ts'
import { Writer } from './writer.ts'

/** The writer's thread: takes batches of jobs, tells what came of each, ends at `close`. */
const { file } = workerData as { readonly file: string }
const writer = new Writer(file, () => performance.now())

parentPort?.on('message', (message: JobBatch | KeyToSignWith | 'close') => {
  if (message === 'close') {
    writer.close()
    parentPort?.close()
  } else if ('pem' in message) writer.signWith(SigningKey.fromPem(message.pem))
  else parentPort?.postMessage(writer.commitWithin(message))
})
