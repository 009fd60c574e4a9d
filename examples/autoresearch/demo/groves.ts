import { join } from 'node:path'
import { GroveApi } from '../agent/grove-api.ts'
import { Child } from './child.ts'

const SERVER = join(import.meta.dirname, '../../../bin/grove.js')
const READY = /^grove listening on (http:\/\/\S+)$/

/** The groves' names, in the order of their start. */
const GROVES = ['A', 'B', 'C'] as const

/** A running grove. */
export interface Grove {
  readonly name: string
  readonly api: GroveApi
  readonly child: Child
}

interface StartOptions {
  /** Whether they gossip and sync. If not, none has a peer. */
  readonly federated: boolean
  /** Each grove has its own directory below this one. */
  readonly dir: string
  readonly signal: AbortSignal
  /** Takes over each process as soon as it exists, and stops it in any case. */
  own(child: Child): void
}

/**
 * Starts the groves one by one. If federated, each has the one before as its peer: C does not know
 * A.
 */
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

/**
 * The address of a grove, once it listens. Throws with the end of its stderr if it ends instead.
 */
async function addressOf(child: Child): Promise<string> {
  for await (const line of child.lines()) {
    const url = READY.exec(line)?.[1]
    if (url !== undefined) return url
  }
  return child.endedEarly()
}
