import { join } from 'node:path'
import { z } from 'zod'
import { kindSchema } from './core/contribution/schema.ts'
import { GroveError, isGroveError } from './core/errors.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './core/limits.ts'
import { isLoopback } from './core/loopback.ts'
import type { PeerAddress } from './core/peers/peer.ts'
import { defaultPolicy } from './core/policy.ts'
import { parseCount, parseDuration, parseNumber, parseSize } from './core/units.ts'
import type { NodeConfig } from './node/context.ts'

/**
 * The configuration of a grove: flags > environment > DIR/grove.json > defaults. All layers have
 * one shape, with amounts as people write them (`30s`, `64MiB`). The result has every value, in
 * numbers.
 */

/** The default port of `grove serve` and of clients, as in Grove 0.1. */
export const DEFAULT_PORT = 4515
const DEFAULT_HOST = '127.0.0.1'

/** The configuration file in a grove's directory. */
export const CONFIG_FILE = 'grove.json'

/** A value that is written as text or a number, parsed by a function that throws `usage-error`. */
function written<T>(parse: (text: string) => T) {
  return z.union([z.string(), z.number()]).transform((value, context): T => {
    try {
      return parse(String(value))
    } catch (error) {
      if (!isGroveError(error, 'usage-error')) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
}

const logLevelSchema = z.enum(['debug', 'info', 'warn', 'error', 'silent'])
/** The least severe lines that are logged. */
export type LogLevel = z.infer<typeof logLevelSchema>

/** One layer of the configuration, and the form of grove.json. An unknown key is an error. */
export const layerSchema = z
  .strictObject({
    host: z.string().min(1),
    port: written((text) => parseCount(text, 0, 65_535)),
    /** The address at which other groves reach this one. Default: the one it listens on. */
    publicUrl: written(parseAddress),
    /** Seeds: `id@url` or a plain URL. */
    peers: z.array(written(parseSeed)),
    gossipInterval: written(positiveDuration),
    syncInterval: written(positiveDuration),
    sync: z.enum(['frontier', 'off']),
    /** Metrics and signals in which items are fetched. Default: all but `_recency`. */
    syncDimensions: z.array(z.string().min(1)),
    /** By metric, the worst value of an item that is fetched, in the metric's direction. */
    syncThresholds: z.record(z.string().min(1), written(parseNumber)),
    syncTags: z.array(z.string().min(1).max(256)).max(100),
    syncKinds: z.array(kindSchema).max(100),
    syncTopK: written((text) => parseCount(text, 1, 1_000)),
    /** The largest artifact that background sync fetches. */
    maxArtifactBytes: written(parseSize),
    roundBytes: written(parseSize),
    roundRequests: written((text) => parseCount(text, 1)),
    fetchTimeout: written(positiveDuration),
    allowPrivatePeers: z.boolean(),
    logLevel: logLevelSchema,
  })
  .partial()

/** A layer as it is written, before its amounts are parsed. */
export type Layer = z.input<typeof layerSchema>
type ParsedLayer = z.output<typeof layerSchema>

/** The environment variables that Grove reads, once, at the start of the process. */
export interface Environment {
  readonly GROVE_DIR?: string | undefined
  readonly GROVE_URL?: string | undefined
  readonly GROVE_AGENT_ID?: string | undefined
  readonly GROVE_LOG_LEVEL?: string | undefined
  readonly HOST?: string | undefined
  readonly PORT?: string | undefined
  readonly GOSSIP_SEEDS?: string | undefined
  readonly USER?: string | undefined
  /** Where programs keep what they remember. */
  readonly XDG_STATE_HOME?: string | undefined
  /** The same on Windows. */
  readonly LOCALAPPDATA?: string | undefined
  /** Set by npm: the script that started this process, and its command. */
  readonly npm_lifecycle_event?: string | undefined
  readonly npm_lifecycle_script?: string | undefined
}

/** The environment of this process. Empty variables are left out. Nothing else reads it. */
export function readEnvironment(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => value !== undefined && value !== ''),
  )
}

/** The environment as a layer. */
function layerOfEnvironment(env: Environment): Layer {
  return {
    ...(env.HOST === undefined ? {} : { host: env.HOST }),
    ...(env.PORT === undefined ? {} : { port: env.PORT }),
    ...(env.GOSSIP_SEEDS === undefined ? {} : { peers: splitList(env.GOSSIP_SEEDS) }),
    ...(env.GROVE_LOG_LEVEL === undefined ? {} : { logLevel: env.GROVE_LOG_LEVEL as LogLevel }),
  }
}

/** A complete configuration. */
export interface GroveConfig {
  readonly grove: GroveSettings
  readonly server: ServerConfig
  readonly logLevel: LogLevel
}

/** How a grove behaves. Its id and address are known only when its stores and server are open. */
export interface GroveSettings extends Omit<NodeConfig, 'self' | 'reachable'> {
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
  const settings: ParsedLayer = {
    ...parseLayer(file, join(dir, CONFIG_FILE)),
    ...parseLayer(layerOfEnvironment(env), 'environment'),
    ...parseLayer(flags, 'options'),
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
    },
    logLevel: settings.logLevel ?? 'info',
  }
}

function nodeConfigOf(settings: ParsedLayer): Omit<GroveSettings, 'dir' | 'allowPrivatePeers'> {
  const { syncDimensions: dimensions, syncTags: tags, syncKinds: kinds } = settings
  return {
    seeds: settings.peers ?? [],
    gossipIntervalMs: settings.gossipInterval ?? 30_000,
    syncIntervalMs: settings.syncInterval ?? 30_000,
    fetchTimeoutMs: settings.fetchTimeout ?? 300_000,
    policy: {
      scope: settings.sync ?? 'frontier',
      thresholds: settings.syncThresholds ?? defaultPolicy.thresholds,
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

function parseLayer(layer: unknown, name: string): ParsedLayer {
  const result = layerSchema.safeParse(layer)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new GroveError(
    'usage-error',
    { layer: name },
    { message: `${name}: ${issues.join('; ')}`, cause: result.error },
  )
}

/**
 * A seed as operators write it: `id@url` or a plain URL, which is its id until it answers. Throws
 * `usage-error`.
 */
export function parseSeed(text: string): PeerAddress {
  const [, peerId, url = text] = /^([^/]+?)@(https?:\/\/.*)$/i.exec(text.trim()) ?? []
  const address = parseAddress(url)
  return { peerId: peerId ?? address, address }
}

/** `host:port`, which means http. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}(\/.*)?$/i

/**
 * The address of a grove, without slashes at its end: http or https, no credentials, no query.
 * `host:port` is taken for http. Throws `usage-error`.
 */
export function parseAddress(text: string): string {
  const given = text.trim()
  const url = URL.parse(HOST_AND_PORT.test(given) ? `http://${given}` : given)
  const fits =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username === '' &&
    url.search === '' &&
    url.hash === ''
  if (!fits) {
    const shown = JSON.stringify(text.slice(0, 200))
    const message = `${shown} is not an address of a grove, such as http://10.0.0.5:${DEFAULT_PORT}`
    throw new GroveError('usage-error', {}, { message })
  }
  return url.href.replace(/\/+$/, '')
}

function positiveDuration(text: string): number {
  const ms = parseDuration(text)
  if (ms < 1 || ms > 2 ** 31 - 1)
    throw new GroveError(
      'usage-error',
      {},
      { message: `${JSON.stringify(text)} is not a duration from 1ms to 24d` },
    )
  return ms
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
