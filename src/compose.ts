import { hostname } from 'node:os'
import { OwnAddresses } from './api/admission/own-addresses.ts'
import { leafAnswerOf, requestOf } from './api/answer/called.ts'
import { createHttpApp } from './api/http/app.ts'
import { LOOPBACK_HOSTS, proxiesAt } from './api/http/caller.ts'
import { connectionsFor } from './api/http/connections.ts'
import { bind, drain } from './api/http/server.ts'
import { LOCAL } from './api/http/turns.ts'
import { askToLeave } from './api/local/ask-to-leave.ts'
import type { Role } from './api/local/holder.ts'
import type { Leaving } from './api/local/leaving.ts'
import { localServing } from './api/local/serving.ts'
import { type GroveSession, holderSession } from './api/local/session.ts'
import { SharedGrove } from './api/local/shared-grove.ts'
import { Precedence } from './concurrency/shares/precedence.ts'
import { certificateOf, warnOfEnd } from './config/certificate.ts'
import { callableUrl, namesOf } from './config/names.ts'
import { admissionOf, type GroveSettings, isReachedElsewhere, type ServerConfig } from './config.ts'
import { isGroveError } from './core/errors.ts'
import { leafAddress } from './core/peers/leaf.ts'
import { type OwnIdentity, openIdentity, rotateIdentity } from './identity.ts'
import { countOpenInvites } from './node/access/invites.ts'
import type { NodeConfig } from './node/config.ts'
import { GroveNode } from './node/node.ts'
import type { AnswerCall } from './node/peers/leaf.ts'
import type { Log } from './ports/log.ts'
import type { Stores } from './ports/stores.ts'
import { systemClock } from './runtime/clock.ts'
import { descriptorsMax } from './runtime/descriptors.ts'
import { systemRandom } from './runtime/random.ts'
import { secretHex } from './runtime/secret.ts'
import { poolSignatures } from './runtime/signatures.ts'
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

/** Open stores and the grove that they belong to. */
export interface Opened {
  readonly stores: Stores
  /** Made when the stores are opened for the first time, and kept beside them. */
  readonly identity: OwnIdentity
  /** Who goes first on the threads that all share. */
  readonly precedence: Precedence
}

/**
 * Opens a grove's stores, for a server or not, and creates them if they don't exist. Throws as
 * `openStoresAt` and `openIdentity` do.
 */
export async function openStores(
  { dir, store = dir === undefined ? 'memory:' : `sqlite:${dir}` }: Pick<Settings, 'dir' | 'store'>,
  log: Log,
  isServer = false,
): Promise<Opened> {
  const precedence = new Precedence(systemClock.now)
  precedence.prefer([LOCAL])
  const stores = await openStoresAt(store, {
    log,
    precedence,
    nextTurn,
    clock: systemClock,
    random: systemRandom,
  })
  return orClose(stores.close, async () => {
    const identity = await openIdentity(stores, { log, isServer })
    await stores.health.keepId(identity.formerly ?? identity.key.peerId)
    return { stores, identity, precedence }
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
  settings: Settings & Pick<NodeConfig, 'certificateUntil' | 'isOwnAddress'>,
  { stores, identity: { key, ...former } }: Opened,
  address: string | undefined,
  log: Log,
): ComposedNode {
  const given = new Set(settings.seeds.map((seed) => URL.parse(seed.address)?.hostname))
  const transport = httpTransport({
    isGiven: (name) => given.has(name),
    allowPrivate: settings.allowPrivatePeers,
    clock: systemClock,
    own: address,
    signing: {
      key,
      nonce: () => secretHex(NONCE_BYTES),
      onClock: (peer, offsetMs) => log.warn('the clock of a peer is off', { ...peer, offsetMs }),
      onUnsigned: (peer) =>
        log.warn('a peer that signs has answered without a signature', { ...peer }),
    },
    isBlocked: (peer) => node.access.blocks(peer),
  })
  const { peerId } = key
  const self = { peerId, address: address ?? leafAddress(peerId) }
  const config: NodeConfig = { ...settings, self, former, reachable: address !== undefined }
  const node = new GroveNode(config, {
    ...stores,
    transport,
    clock: systemClock,
    random: systemRandom,
    log,
    nextTurn,
    secret: secretHex,
    signatures: poolSignatures(key),
  })
  const close = async () => {
    await node.close()
    await transport.close()
    await stores.close()
  }
  return { node, close }
}

/** Bytes of a signature's nonce, and of the secret by which used ones are remembered. */
const NONCE_BYTES = 16

/** Time for requests under way when a server closes. */
const CLOSE_GRACE_MS = 3_000

/** A grove that agents and other groves reach over HTTP. */
export interface ServedGrove {
  readonly node: GroveNode
  /** Where it listens. */
  readonly url: string
  /** Where this machine reaches it, though it may listen on all addresses. */
  readonly localUrl: string
  /** Gives requests under way CLOSE_GRACE_MS to end, then closes the server and the node. */
  close(): Promise<void>
}

/**
 * Takes the port, opens the stores, serves, then starts to gossip. If another process has the
 * directory open, it is asked to leave it. Throws `port-taken`, `usage-error` where it has to be
 * chosen who may call, and as `openStores` does; nothing stays open then.
 */
export async function serveGrove(
  settings: Settings,
  server: ServerConfig,
  log: Log,
): Promise<ServedGrove> {
  const admission = admissionOf(server, settings.admission)
  const proxies = proxiesAt(server.trustProxies ?? [])
  const tls = await certificateOf(server)
  if (tls !== undefined) warnOfEnd(tls, log.warn, systemClock.now())
  const bound = await bind({ ...server, tls })
  const opened = await orClose(bound.close, () => takeStores(settings, log, true))
  const address = server.publicUrl ?? reachableUrl(server.host, bound)
  const own = new OwnAddresses({
    ...{ address, bound: bound.url, names: server.allowHosts ?? [], alsoAt: server.alsoAt ?? [] },
    leaf: leafAddress(opened.identity.key.peerId),
  })
  const isOwnAddress = (url: string) => own.has(url)
  const { node, close } = composeNode(
    { ...settings, admission, isOwnAddress, ...(tls && { certificateUntil: tls.until }) },
    opened,
    address,
    log,
  )
  const closeBoth = async () => {
    await bound.close()
    await close()
  }
  // Who may call is known before anybody can.
  await orClose(closeBoth, () => node.access.load())
  if (!isReachedElsewhere(server)) opened.precedence.prefer(LOOPBACK_HOSTS)
  const { dir } = settings
  const local = dir === undefined ? undefined : await servingOf(dir, node, closeBoth)
  const running = bound.serve(node, {
    nextTurn,
    precedence: opened.precedence,
    connectionsMax: connectionsFor(descriptorsMax()),
    pages: local?.pages ?? {},
    allowHosts: namesOf(server),
    proxies,
    anonymousRead: server.anonymousRead === true,
    isBehindProxy: isReachedElsewhere(server),
    signing: {
      key: opened.identity.key,
      own,
      secret: secretHex(NONCE_BYTES),
    },
  })
  const localUrl = callableUrl(bound.url)
  const door = await local?.open({ role: 'server', url: localUrl, app: running.app })
  const closeAll = async () => {
    await door?.shut()
    await running.close({ graceMs: CLOSE_GRACE_MS })
    await door?.end()
    await close()
  }
  const answer: AnswerCall = async (call, hub) => {
    const request = requestOf(call, hub, node.config.self.peerId)
    return leafAnswerOf(await running.app.answer(request), call.method)
  }
  await orClose(closeAll, () => node.start(answer))
  return { node, url: bound.url, localUrl, close: closeAll }
}

const servingOf = (dir: string, node: GroveNode, close: () => Promise<void>) =>
  orClose(close, () => localServing(dir, node, secretHex))

/**
 * Opens a directory in this process, and serves it to others on this machine after a while. Throws
 * as `openStores` does; nothing stays open then.
 */
export async function holdDirectory(
  settings: Settings & { readonly dir: string },
  log: Log,
  { role, serveAfterMs, leaving }: HoldOptions,
): Promise<GroveSession> {
  const { node, close } = await openNode(settings, log)
  const { pages, open } = await servingOf(settings.dir, node, close)
  let serving: Promise<() => Promise<void>> | undefined
  const serve = async () => {
    const app = createHttpApp(node, { nextTurn, pages })
    const door = await open({ role, app, leaving })
    return async () => {
      await door?.shut()
      await drain(app, node, CLOSE_GRACE_MS)
      await door?.end()
    }
  }
  const start = () => {
    serving = serve()
  }
  const forget = serveAfterMs === 0 ? start() : systemClock.after(serveAfterMs, start)
  await serving
  const closeAll = async () => {
    forget?.()
    await (await serving)?.()
    await close()
  }
  return holderSession(node, closeAll)
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

/**
 * Gives the grove of a directory a new key, which ends its open invites. Throws as `openStores`
 * does, and `storage-locked` where it is being served.
 */
export async function rotateKey(
  settings: Pick<Settings, 'dir' | 'store'>,
  log: Log,
): Promise<OwnIdentity & { readonly invitesEnded: number }> {
  const { stores, identity } = await takeStores(settings, log)
  try {
    const ports = { records: stores.records, clock: systemClock, secret: secretHex }
    const invitesEnded = await countOpenInvites(ports, identity.rotations)
    return { ...(await rotateIdentity(stores, identity, systemClock.now())), invitesEnded }
  } finally {
    await stores.close()
  }
}

/**
 * The grove of a directory that other processes may have open: the first opens it and serves the
 * others.
 */
export const shareDirectory = (
  settings: Settings & { readonly dir: string },
  log: Log,
): SharedGrove =>
  new SharedGrove({
    dir: settings.dir,
    clock: systemClock,
    secret: secretHex,
    hold: (leaving) => holdDirectory(settings, log, { role: 'library', serveAfterMs: 0, leaving }),
  })

interface HoldOptions {
  readonly role: Role
  /** A command that is over by then serves nobody. */
  readonly serveAfterMs: number
  readonly leaving: Leaving
}

/** How long the stores of a server are tried for when another process has them open. */
const TAKE_PATIENCE_MS = 10_000
const TAKE_RETRY_MS = 10

/** Opens stores that another process may have open: it is asked to leave them. */
async function takeStores(
  settings: Pick<Settings, 'dir' | 'store'>,
  log: Log,
  isServer = false,
): Promise<Opened> {
  const { dir } = settings
  const deadline = systemClock.now() + TAKE_PATIENCE_MS
  for (;;) {
    try {
      return await openStores(settings, log, isServer)
    } catch (error) {
      if (!isGroveError(error, 'storage-locked') || dir === undefined) throw error
      if (systemClock.now() > deadline) throw error
      await askToLeave({ dir, clock: systemClock, secret: secretHex })
    }
    await systemClock.sleep(TAKE_RETRY_MS)
  }
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
  const isOnAll = ['0.0.0.0', '::', '[::]'].includes(host)
  return isOnAll ? `${new URL(bound.url).protocol}//${hostname()}:${bound.port}` : bound.url
}
