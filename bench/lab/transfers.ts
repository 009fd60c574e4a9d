import { once } from 'node:events'
import type { Workbench } from './workbench.ts'

/** Downloads and uploads that go on at once, each over a connection of its own. */
export interface TransfersJob {
  readonly origin: string
  readonly downloads: readonly Transfer[]
  readonly uploads: readonly Transfer[]
  /** Of each upload; no two have the same content. */
  readonly sizeBytes: number
}

export interface Transfer {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Carries them out in a process of their own (transfers-process.ts). Seconds until all are done. */
export async function transfer(bench: Workbench, job: TransfersJob): Promise<number> {
  const child = bench.fork('transfers-process.ts')
  child.send(job)
  const [outcome] = (await once(child, 'message')) as [{ seconds: number } | { error: string }]
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  if ('error' in outcome) throw new Error(outcome.error)
  return outcome.seconds
}
