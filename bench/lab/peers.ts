import { once } from 'node:events'
import type { KeyId } from '../../src/core/identity/ed25519.ts'
import type { Workbench } from './workbench.ts'

/** A grove that asks another one. */
export interface Peer {
  /** Its key is made of this number. */
  readonly n: number
  readonly localAddress: string
  readonly connections: number
  /** Ms between two requests. Undefined: each connection asks as soon as it is answered. */
  readonly everyMs?: number
  readonly paths: readonly string[]
}

/** What groves ask in a process of their own. */
export interface PeersJob {
  readonly origin: string
  /** The grove that they take themselves to be asking. */
  readonly to: KeyId
  readonly peers: readonly Peer[]
  readonly seconds: number
}

/** One answer: 0 where there was none. */
export interface AskedAnswer {
  readonly status: number
  readonly ms: number
}

/** Has groves ask another one, and returns what they were answered. */
export async function askAsPeers(bench: Workbench, job: PeersJob): Promise<AskedAnswer[]> {
  const child = bench.fork('peers-process.ts')
  child.send(job)
  const [{ answers }] = (await once(child, 'message')) as [{ answers: AskedAnswer[] }]
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  return answers
}
