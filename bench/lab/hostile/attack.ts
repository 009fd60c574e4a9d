import { once } from 'node:events'
import type { Workbench } from '../workbench.ts'
import type { Target } from './messages.ts'

/** A hostile message, by its name, that is sent over and over. */
export interface AttackJob {
  readonly what: string
  readonly target: Target
}

/** An attack that is under way, in a process of its own. */
interface Attack {
  stop(): Promise<void>
}

/** Starts an attack. Resolves once it has gone on for a while. */
export async function startAttack(bench: Workbench, job: AttackJob): Promise<Attack> {
  const child = bench.fork('attack-process.ts')
  child.send(job)
  await once(child, 'message')
  return {
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
