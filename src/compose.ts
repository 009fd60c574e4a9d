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

/** What a grove is told from outside; the rest it knows or finds out itself. */
export type Settings = Omit<GroveSettings, 'dir'> & {
  /** Where everything is kept: in memory without it. */
  readonly dir?: string | undefined
  /** The store by its URL (`stores/open.ts`), where it is another than `dir` says. */
  readonly store?: string | undefined
}

/** Open stores, and the grove's id, found in them or drawn at its first start. */
export interface Opened {
  readonly stores: Stores
  readonly peerId: string
}

/** Opens (and creates) what a grove keeps. Throws what `openStoresAt` throws. */
export async function openStores(
  { dir, store = dir === undefined ? 'memory:' : `sqlite:${dir}` }: Pick<Settings, 'dir' | 'store'>,
  log: Log,
): Promise<Opened> {
  const stores = await openStoresAt(store, { log, nextTurn, random: systemRandom })
  return { stores, peerId: await orClose(stores.close, () => ownId(stores.records)) }
}

/** A node with all that it stands on; `close` ends both. */
export interface ComposedNode {
  readonly node: GroveNode
  close(): Promise<void>
}

/**
 * Builds the node over open stores, not yet started. `address` is where other groves reach it;
 * undefined where nobody can.
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

/** How long requests under way may take to end when a server closes. */
const CLOSE_GRACE_MS = 3_000

/** A grove that others reach over HTTP. */
export interface ServedGrove {
  readonly node: GroveNode
  readonly url: string
  close(): Promise<void>
}

/**
 * Takes the port, opens the stores, serves, then starts to gossip. Throws `port-taken` and what
 * `openStores` throws; then nothing stays open.
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
 * A grove that nobody reaches from outside, started. Throws what `openStores` throws; then nothing
 * stays open.
 */
export async function openNode(settings: Settings, log: Log): Promise<ComposedNode> {
  const composed = composeNode(settings, await openStores(settings, log), undefined, log)
  await orClose(composed.close, () => composed.node.start())
  return composed
}

/** What `begin` gives; where it fails, what was open before is closed. */
async function orClose<T>(close: () => Promise<void>, begin: () => Promise<T>): Promise<T> {
  try {
    return await begin()
  } catch (error) {
    await close()
    throw error
  }
}

/** The address to tell peers: a server that listens everywhere is reached by the machine's name. */
function reachableUrl(
  host: string,
  bound: { readonly url: string; readonly port: number },
): string {
  return ['0.0.0.0', '::', '[::]'].includes(host) ? `http://${hostname()}:${bound.port}` : bound.url
}

/** The grove's id: the one in its records, or a new one, unless another process was first. */
async function ownId(records: RecordStore): Promise<string> {
  const known = await records.get('grove', 'self')
  if (typeof known?.peerId === 'string') return known.peerId
  const peerId = `grove-${hexDigits(systemRandom, 32)}`
  const isFirst = await records.compareAndSet('grove', 'self', known, { peerId })
  return isFirst ? peerId : ownId(records)
}
