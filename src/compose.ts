import { hostname } from 'node:os'
import { bind } from './api/http/server.ts'
import type { GroveSettings, ServerConfig } from './config.ts'
import { hexDigits } from './core/random.ts'
import type { NodeConfig } from './node/context.ts'
import { GroveNode } from './node/node.ts'
import type { Log } from './ports/log.ts'
import type { RecordStore } from './ports/record-store.ts'
import type { Stores } from './ports/stores.ts'
import { systemClock } from './runtime/clock.ts'
import { systemRandom } from './runtime/random.ts'
import { nextTurn } from './runtime/turn.ts'
import { openStoresAt } from './stores/open.ts'
import { httpTransport } from './transport/client.ts'

/** The settings of a grove, which may live in memory. */
export type Settings = Omit<GroveSettings, 'dir'> & {
  /** The directory that has all of the grove's data. Default: it is kept in memory. */
  readonly dir?: string | undefined
  /** The store by its URL (`stores/open.ts`). Default: SQLite in `dir`. */
  readonly store?: string | undefined
}

/** Open stores and the id of their grove. */
export interface Opened {
  readonly stores: Stores
  /** Drawn when the stores are opened for the first time, and kept in them. */
  readonly peerId: string
}

/** Opens a grove's stores, and creates them if they don't exist. Throws as `openStoresAt` does. */
export async function openStores(
  { dir, store = dir === undefined ? 'memory:' : `sqlite:${dir}` }: Pick<Settings, 'dir' | 'store'>,
  log: Log,
): Promise<Opened> {
  const stores = await openStoresAt(store, { log, nextTurn, random: systemRandom })
  return orClose(stores.close, async () => {
    const peerId = await ownId(stores.records)
    await stores.health.keepId(peerId)
    return { stores, peerId }
  })
}

/** A node together with its transport and stores. */
export interface ComposedNode {
  readonly node: GroveNode
  /** Closes the node, then its transport and stores. */
  close(): Promise<void>
}

/**
 * Builds a node over open stores and doesn't start it. `address` is the one at which other groves
 * reach it; undefined if they can't.
 */
export function composeNode(
  settings: Settings,
  { stores, peerId }: Opened,
  address: string | undefined,
  log: Log,
): ComposedNode {
  const transport = httpTransport({ allowPrivate: settings.allowPrivatePeers, clock: systemClock })
  const self = { peerId, address: address ?? `http://${peerId}.invalid` }
  const config: NodeConfig = { ...settings, self, reachable: address !== undefined }
  const node = new GroveNode(config, {
    ...stores,
    transport,
    clock: systemClock,
    random: systemRandom,
    log,
  })
  const close = async () => {
    await node.close()
    await transport.close()
    await stores.close()
  }
  return { node, close }
}

/** Time for requests under way when a server closes. */
const CLOSE_GRACE_MS = 3_000

/** A grove that agents and other groves reach over HTTP. */
export interface ServedGrove {
  readonly node: GroveNode
  /** Where it listens. */
  readonly url: string
  /** Gives requests under way CLOSE_GRACE_MS to end, then closes the server and the node. */
  close(): Promise<void>
}

/**
 * Takes the port, opens the stores, serves, then starts to gossip. Throws `port-taken` and as
 * `openStores` does; nothing stays open then.
 */
export async function serveGrove(
  settings: Settings,
  server: ServerConfig,
  log: Log,
): Promise<ServedGrove> {
  const bound = await bind(server)
  const opened = await orClose(bound.close, () => openStores(settings, log))
  const { node, close } = composeNode(
    settings,
    opened,
    server.publicUrl ?? reachableUrl(server.host, bound),
    log,
  )
  const running = bound.serve(node)
  const closeAll = async () => {
    await running.close({ graceMs: CLOSE_GRACE_MS })
    await close()
  }
  await orClose(closeAll, () => node.start())
  return { node, url: bound.url, close: closeAll }
}

/**
 * Opens and starts a grove that others can't reach. Throws as `openStores` does; nothing stays open
 * then.
 */
export async function openNode(settings: Settings, log: Log): Promise<ComposedNode> {
  const composed = composeNode(settings, await openStores(settings, log), undefined, log)
  await orClose(composed.close, () => composed.node.start())
  return composed
}

/** The result of `open`. If it fails, what was opened before is closed. */
async function orClose<T>(close: () => Promise<void>, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    await close()
    throw error
  }
}

/** The address to tell peers. A server on all interfaces is reached by the machine's name. */
function reachableUrl(
  host: string,
  bound: { readonly url: string; readonly port: number },
): string {
  return ['0.0.0.0', '::', '[::]'].includes(host) ? `http://${hostname()}:${bound.port}` : bound.url
}

/** The grove's id from its records. A new one is stored if there is none. */
async function ownId(records: RecordStore): Promise<string> {
  const known = await records.get('grove', 'self')
  if (typeof known?.peerId === 'string') return known.peerId
  const peerId = `grove-${hexDigits(systemRandom, 32)}`
  const isFirst = await records.compareAndSet('grove', 'self', known, { peerId })
  return isFirst ? peerId : ownId(records)
}
