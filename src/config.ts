import { join } from 'node:path'
import { DEFAULT_PORT } from './config/address.ts'
import { type Environment, layersOfEnvironment } from './config/environment.ts'
import { type Layer, type LogLevel, OPTIONS, type ParsedLayer, parseLayer } from './config/layer.ts'
import { GroveError } from './core/errors.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './core/limits.ts'
import { isLoopback } from './core/loopback.ts'
import type { AdmissionMode } from './core/peers/admission.ts'
import { defaultPolicy, thresholdsNamed } from './core/policy.ts'
import { dimensionsNamed } from './core/ranking/frontier.ts'
import type { NodeConfig } from './node/config.ts'

/**
 * The configuration of a grove: flags > environment > DIR/grove.json > defaults. All layers have
 * one shape, with amounts as people write them (`30s`, `64MiB`). The result has every value, in
 * numbers.
 */

const DEFAULT_HOST = '127.0.0.1'

/** The configuration file in a grove's directory. */
export const CONFIG_FILE = 'grove.json'

/** A complete configuration. */
export interface GroveConfig {
  readonly grove: GroveSettings
  readonly server: ServerConfig
  readonly logLevel: LogLevel
  /** What was ignored, and why. */
  readonly notes: readonly string[]
}

/** How a grove behaves. Its id and address are known only when its stores and server are open. */
export interface GroveSettings extends Omit<NodeConfig, 'self' | 'reachable' | 'isOwnAddress'> {
  /** The directory that has all of the grove's data. */
  readonly dir: string
  /** Allow peers at private, loopback and link-local addresses. */
  readonly allowPrivatePeers: boolean
}

/** Where a grove listens, and the address at which others reach it. */
export interface ServerConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Default: the address it listens on. */
  readonly publicUrl?: string
  /** More addresses at which others reach it. */
  readonly alsoAt?: readonly string[]
  /** Whether everybody may read contributions. */
  readonly anonymousRead?: boolean
  /** Files with a certificate and its key, to serve https with. */
  readonly tlsCert?: string
  readonly tlsKey?: string
  /** Reverse proxies whose word on where requests come from is taken. */
  readonly trustProxies?: readonly string[]
  /** Names by which it may be called, besides that of its address. */
  readonly allowHosts?: readonly string[]
  /** What gave the host and the port, as messages name it; undefined for a default. */
  readonly from?: { readonly host: string | undefined; readonly port: string | undefined }
}

interface Layers {
  readonly dir: string
  readonly flags?: Layer
  readonly env?: Environment
  /** The parsed content of DIR/grove.json; undefined if there is no such file. */
  readonly file?: unknown
}

/**
 * The configuration of a grove from its layers and the defaults. Pure. Throws `usage-error`, which
 * names the layer and the key.
 */
export function decideConfig({ dir, flags = {}, env = {}, file = {} }: Layers): GroveConfig {
  const { layers, notes } = layersOfEnvironment(env)
  const parsed = [
    { name: join(dir, CONFIG_FILE), values: file },
    ...layers,
    { name: OPTIONS, values: flags },
  ].map(({ name, values }) => ({ name, values: parseLayer(values, name) }))
  const settings = Object.assign({}, ...parsed.map(({ values }) => values)) as ParsedLayer
  const from = (key: 'host' | 'port') => {
    const name = parsed.findLast(({ values }) => values[key] !== undefined)?.name
    return name === OPTIONS ? `--${key}` : name
  }
  const host = settings.host ?? DEFAULT_HOST
  return {
    grove: {
      dir,
      allowPrivatePeers: settings.allowPrivatePeers ?? isLoopback(host),
      ...nodeConfigOf(settings),
    },
    server: {
      host,
      port: settings.port ?? DEFAULT_PORT,
      ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
      ...(settings.alsoAt === undefined ? {} : { alsoAt: settings.alsoAt }),
      ...(settings.anonymousRead === true ? { anonymousRead: true } : {}),
      ...(settings.tlsCert === undefined ? {} : { tlsCert: settings.tlsCert }),
      ...(settings.tlsKey === undefined ? {} : { tlsKey: settings.tlsKey }),
      ...(settings.trustProxies === undefined ? {} : { trustProxies: settings.trustProxies }),
      ...(settings.allowHosts === undefined ? {} : { allowHosts: settings.allowHosts }),
      from: { host: from('host'), port: from('port') },
    },
    logLevel: settings.logLevel ?? 'info',
    notes: [
      ...notes,
      ...(settings.leaf === true && settings.publicUrl !== undefined ? [unTold] : []),
    ],
  }
}

const unTold = 'nobody is told of --public-url, since --leaf has hubs call on lines held to them'

/**
 * Which groves may call one that listens there. Whoever lets others than this machine call it has
 * to say so. Throws `usage-error`.
 */
export function admissionOf(
  server: Pick<ServerConfig, 'host' | 'publicUrl' | 'alsoAt'>,
  chosen: AdmissionMode | undefined,
): AdmissionMode {
  if (chosen !== undefined) return chosen
  const { host, publicUrl, alsoAt = [] } = server
  if (isLoopback(host) && !isReachedElsewhere(server)) return 'open'
  const place = isLoopback(host) ? [publicUrl, ...alsoAt].find(isBeyondLoopback) : host
  const message =
    `choose which groves may call one at ${place}: --admission members (those that you list with ` +
    '`grove peers trust`), signed (any that signs what it asks) or open (any)'
  throw new GroveError('usage-error', { host }, { message })
}

/** Whether it has an address that is reached from other machines, wherever it listens. */
export const isReachedElsewhere = ({
  publicUrl,
  alsoAt = [],
}: Pick<ServerConfig, 'publicUrl' | 'alsoAt'>): boolean =>
  [publicUrl, ...alsoAt].some(isBeyondLoopback)

const isBeyondLoopback = (url: string | undefined): boolean =>
  url !== undefined && !isLoopback(new URL(url).hostname)

function nodeConfigOf(settings: ParsedLayer): Omit<GroveSettings, 'dir' | 'allowPrivatePeers'> {
  const { syncThresholds, syncTags: tags, syncKinds: kinds } = settings
  const dimensions = settings.syncDimensions?.flatMap(dimensionsNamed)
  return {
    ...(settings.admission === undefined ? {} : { admission: settings.admission }),
    ...(settings.leaf === true ? { leaf: true } : {}),
    seeds: settings.peers ?? [],
    gossipIntervalMs: settings.gossipInterval ?? 30_000,
    syncIntervalMs: settings.syncInterval ?? 30_000,
    fetchTimeoutMs: settings.fetchTimeout ?? 300_000,
    policy: {
      scope: settings.sync ?? 'frontier',
      thresholds: thresholdsNamed(syncThresholds ?? defaultPolicy.thresholds),
      topK: settings.syncTopK ?? defaultPolicy.topK,
      maxArtifactBytes: settings.maxArtifactBytes ?? UNSOLICITED_ARTIFACT_MAX_BYTES,
      maxBytesPerRound: settings.roundBytes ?? defaultPolicy.maxBytesPerRound,
      maxRequestsPerRound: settings.roundRequests ?? defaultPolicy.maxRequestsPerRound,
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(tags === undefined ? {} : { tags }),
      ...(kinds === undefined ? {} : { kinds }),
    },
  }
}
