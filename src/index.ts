import './node-version.ts'
import { resolve } from 'node:path'
import { localClient } from './api/client/local-client.ts'
import { isThisUsers } from './api/local/holder.ts'
import { openNode, type Settings, serveGrove, shareDirectory } from './compose.ts'
import { parseSeed } from './config/address.ts'
import { decideConfig } from './config.ts'
import { GroveError } from './core/errors.ts'
import type { AdmissionMode } from './core/peers/admission.ts'
import { Grove } from './grove.ts'
import type { GroveNode } from './node/node.ts'
import { type Log, silentLog } from './ports/log.ts'

export type { CallOptions, GroveApi } from './api/client/api.ts'
export type { CheckoutOptions, CheckoutResult } from './api/client/checkout.ts'
export type { Cid } from './core/cid.ts'
export { cidOf } from './core/contribution/contribution.ts'
export type * from './core/contribution/schema.ts'
export { type ErrorCode, GroveError, isGroveError } from './core/errors.ts'
export type { AdmissionMode } from './core/peers/admission.ts'
export type { Level } from './core/ranking/level.ts'
export type * from './core/wire/access.ts'
export type * from './core/wire/events.ts'
export type * from './core/wire/federation.ts'
export type * from './core/wire/fetch.ts'
export type * from './core/wire/files.ts'
export type * from './core/wire/frontier.ts'
export type * from './core/wire/gossip.ts'
export type * from './core/wire/grove.ts'
export type * from './core/wire/identity.ts'
export type * from './core/wire/join.ts'
export type * from './core/wire/leaf.ts'
export type * from './core/wire/threads.ts'
export { type ArtifactInput, Grove, type WaitOptions, type Work } from './grove.ts'
export type { TransferProgress } from './node/context.ts'

/** How to open a grove in this process. */
export interface GroveOptions {
  /**
   * The grove's directory, created if it doesn't exist. Several processes may use it at once.
   * Default: all data is kept in memory.
   */
  readonly dir?: string
  /** Seeds: `http://host:port` or `id@http://host:port`. Default: none. */
  readonly peers?: readonly string[]
  /**
   * Serve the HTTP API to agents and other groves, by default on a free port of loopback. Default:
   * don't.
   */
  readonly listen?: {
    readonly host?: string
    readonly port?: number
    readonly publicUrl?: string
    /** Names by which it may be called, besides that of its address. */
    readonly allowHosts?: readonly string[]
    /** Which groves may call it. It has to be chosen where others than this machine can. */
    readonly admission?: AdmissionMode
  }
  /** Default 30,000. */
  readonly gossipIntervalMs?: number
  /** Default 30,000. */
  readonly syncIntervalMs?: number
  /** Changes to the default policy of background sync; `'off'` turns it off. */
  readonly sync?: Partial<Settings['policy']> | 'off'
  /**
   * Allow peers at private, loopback and link-local addresses. Default: only if the grove listens
   * on loopback or not at all.
   */
  readonly allowPrivatePeers?: boolean
  /** Default: nothing is logged. */
  readonly log?: Log
}

/**
 * Opens a grove. With `listen` it serves and gossips. Without, it only asks its seeds and fetches
 * from them; where another process has the directory open, that process carries out what this one
 * asks, by its own settings. Close it to release its directory. Throws `usage-error`,
 * `storage-locked`, `storage-newer`, `storage-failed`, `read-only`, `port-taken`.
 */
export async function openGrove(options: GroveOptions = {}): Promise<Grove> {
  checkOptions(options)
  const { listen, log = silentLog } = options
  const server = { host: listen?.host ?? '127.0.0.1', port: listen?.port ?? 0 }
  const settings = settingsOf(options, server.host)
  const { dir } = settings
  if (listen !== undefined) {
    const { publicUrl, allowHosts = [], admission } = listen
    const known = publicUrl === undefined ? {} : { publicUrl }
    const chosen = admission === undefined ? settings : { ...settings, admission }
    const served = await serveGrove(chosen, { ...server, ...known, allowHosts }, log)
    return groveOn(served.node, { url: served.url, dir, close: served.close })
  }
  if (dir !== undefined) return sharedGrove({ ...settings, dir }, options, log)
  const { node, close } = await openNode(settings, log)
  return groveOn(node, { close })
}

/** Where a grove of this process is, and how it ends. */
interface GrovePlace {
  readonly url?: string
  readonly dir?: string | undefined
  close(): Promise<void>
}

function groveOn(node: GroveNode, { url, dir, close }: GrovePlace): Grove {
  const isLocal = dir === undefined || isThisUsers(dir)
  const api = { ...localClient(node), isLocal }
  return new Grove({ api, peerId: node.config.self.peerId, url, close })
}

/** The grove of a directory, whichever process has it open. */
async function sharedGrove(
  settings: Settings & { readonly dir: string },
  options: GroveOptions,
  log: Log,
): Promise<Grove> {
  const shared = shareDirectory(settings, log)
  const { kind, peerId } = await shared.session()
  const unheeded = Object.keys(options).filter((key) => key !== 'dir' && key !== 'log')
  if (kind === 'guest' && unheeded.length > 0)
    log.warn('another process has the directory open: its settings hold', {
      dir: settings.dir,
      unheeded,
    })
  return new Grove({ api: shared.api, peerId, url: undefined, close: () => shared.close() })
}

const knownOptions = {
  dir: true,
  peers: true,
  listen: true,
  gossipIntervalMs: true,
  syncIntervalMs: true,
  sync: true,
  allowPrivatePeers: true,
  log: true,
} as const satisfies Record<keyof GroveOptions, true>

/**
 * A misspelt `dir`, or one that is undefined by mistake, would keep all data in memory. Throws
 * `usage-error`.
 */
function checkOptions(options: GroveOptions): void {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(knownOptions, key))
  if (unknown !== undefined)
    throw usage(`openGrove has no option ${unknown}, only ${Object.keys(knownOptions).join(', ')}`)
  if ('dir' in options && (typeof options.dir !== 'string' || options.dir === ''))
    throw usage(
      `openGrove's dir is no path: ${String(options.dir)}; without dir, data is in memory`,
    )
}

const usage = (message: string) => new GroveError('usage-error', {}, { message })

function settingsOf(options: GroveOptions, host: string): Settings {
  const { grove } = decideConfig({ dir: options.dir ?? '', flags: { host } })
  const { dir: _, ...defaults } = grove
  return {
    ...defaults,
    seeds: (options.peers ?? []).map(parseSeed),
    policy: { ...defaults.policy, ...(options.sync === 'off' ? { scope: 'off' } : options.sync) },
    gossipIntervalMs: options.gossipIntervalMs ?? defaults.gossipIntervalMs,
    syncIntervalMs: options.syncIntervalMs ?? defaults.syncIntervalMs,
    allowPrivatePeers: options.allowPrivatePeers ?? defaults.allowPrivatePeers,
    ...(options.dir === undefined ? {} : { dir: resolve(options.dir) }),
  }
}
