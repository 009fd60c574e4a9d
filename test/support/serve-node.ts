import { inspect } from 'node:util'
import { OwnAddresses } from '../../src/api/admission/own-addresses.ts'
import { bind, type ServeOptions } from '../../src/api/http/server.ts'
import { composeNode, openStores } from '../../src/compose.ts'
import type { AdmissionMode } from '../../src/core/peers/admission.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { GroveNode } from '../../src/node/node.ts'
import { type Log, silentLog } from '../../src/ports/log.ts'
import { secretHex } from '../../src/runtime/secret.ts'
import { nextTurn } from '../../src/runtime/turn.ts'

/** A grove in this process, served over a real socket. */
export interface ServedNode extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly node: GroveNode
  /** Errors that the grove logged. */
  readonly logged: readonly string[]
  /** Requests under way. */
  live(): number
  /** Closes the server, but not the grove. */
  stop(graceMs: number): Promise<void>
}

type ServeNodeOptions = Partial<ServeOptions> & { readonly admission?: AdmissionMode }

/** Serves a grove without peers, in memory or in a directory; `lines` takes what it logs. */
export async function serveNode(
  dir?: string,
  lines: Partial<Log> = {},
  { admission = 'open', ...options }: ServeNodeOptions = {},
): Promise<ServedNode> {
  const logged: string[] = []
  const log = {
    ...silentLog,
    ...lines,
    error: (message: string, fields?: object) => void logged.push(`${message} ${inspect(fields)}`),
  }
  const settings = {
    dir,
    admission,
    allowPrivatePeers: true,
    seeds: [],
    gossipIntervalMs: 60_000,
    syncIntervalMs: 60_000,
    policy: { ...defaultPolicy, scope: 'off' as const },
    fetchTimeoutMs: 5_000,
  }
  const bound = await bind({ host: '127.0.0.1', port: 0 })
  const opened = await openStores(settings, log)
  const { node, close } = composeNode(settings, opened, bound.url, log)
  await node.start()
  const own = new OwnAddresses({ address: bound.url, bound: bound.url, names: [] })
  const signing = { key: opened.identity.key, own, secret: secretHex(16) }
  const server = bound.serve(node, { nextTurn, signing, ...options })
  let stopped: Promise<void> | undefined
  const stop = (graceMs: number) => {
    stopped ??= server.close({ graceMs })
    return stopped
  }
  return {
    url: bound.url,
    port: bound.port,
    node,
    logged,
    live: server.app.live,
    stop,
    async [Symbol.asyncDispose]() {
      await stop(0)
      await close()
    },
  }
}
