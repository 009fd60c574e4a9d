import { join } from 'node:path'
import { GroveApi } from '../agent/grove-api.ts'
import { Child } from './child.ts'

const SERVER = join(import.meta.dirname, '../../../bin/grove.js')
const READY = /^grove listening on (http:\/\/\S+)$/

/** The names of the groves, in the order in which they start. */
const GROVES = ['A', 'B', 'C'] as const

/** A grove that runs, and how to talk to it. */
export interface Grove {
  readonly name: string
  readonly api: GroveApi
  readonly child: Child
}

interface StartOptions {
  /** Whether they gossip and sync. If not, nobody knows anybody. */
  readonly federated: boolean
  /** Each grove keeps its data in a directory of its own below this one. */
  readonly dir: string
  readonly signal: AbortSignal
  /** Takes over each process as soon as it exists, to end it whatever happens. */
  own(child: Child): void
}

/** Starts the groves one after the other: when federated, each is told of the one before, so A and C are strangers. */
export async function startGroves({ federated, dir, signal, own }: StartOptions): Promise<Grove[]> {
  const groves: Grove[] = []
  for (const name of GROVES) {
    signal.throwIfAborted()
    const before = groves.at(-1)
    const peer = federated && before !== undefined ? ['--peer', before.api.url] : []
    const sync = federated ? ['--sync', 'frontier', '--sync-interval', '1s'] : ['--sync', 'off']
    const place = ['--dir', join(dir, name), '--host', '127.0.0.1', '--port', '0']
    const child = new Child(`grove ${name}`, SERVER, [
      'serve',
      ...place,
      '--gossip-interval',
      '1s',
      ...sync,
      ...peer,
    ])
    own(child)
    groves.push({ name, child, api: new GroveApi(await addressOf(child), signal) })
  }
  return groves
}

/** The address on which a grove says it listens. Throws what it said when it ends instead. */
async function addressOf(child: Child): Promise<string> {
  for await (const line of child.lines()) {
    const url = READY.exec(line)?.[1]
    if (url !== undefined) return url
  }
  return child.endedEarly()
}
