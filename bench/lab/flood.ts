import { once } from 'node:events'
import type { Workbench } from './workbench.ts'

/** What a flood asks for, over and over. */
export interface FloodJob {
  readonly origin: string
  readonly connections: number
  readonly paths: readonly string[]
  readonly localAddress: string
}

/** A flood that is under way, in a process of its own. */
export interface Flood {
  /** Answers a second, over the whole seconds so far. */
  rate(): number
  stop(): Promise<void>
}

/** Starts a flood. Resolves once it has gone on for a second. */
export async function startFlood(bench: Workbench, job: FloodJob): Promise<Flood> {
  const child = bench.fork('flood-process.ts')
  let answers = 0
  let seconds = 0
  child.on('message', (second: { answers: number }) => {
    answers += second.answers
    seconds++
  })
  child.send(job)
  await once(child, 'message')
  return {
    rate: () => answers / seconds,
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
