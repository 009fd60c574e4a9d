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
 * How a grove is configured: flags > environment > DIR/grove.json > defaults. The layers have one
 * shape, in which amounts are as people write them (`30s`, `64MiB`); what comes out is decided and
 * in numbers.
 */

/**
 * The port that `grove serve` listens on, and that clients ask, where nothing else is said. The
 * same as Grove 0.1's.
 */
export const DEFAULT_PORT = 4515
const DEFAULT_HOST = '127.0.0.1'

/** Where a grove keeps its configuration, below its directory. */
export const CONFIG_FILE = 'grove.json'

/** A value as text or number, decoded by a parser of `units.ts`. */
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
export type LogLevel = z.infer<typeof logLevelSchema>

/** One layer of the configuration; also the form of grove.json. An unknown key is an error. */
export const layerSchema = z
  .strictObject({
    host: z.string().min(1),
    port: written((text) => parseCount(text, 0, 65_535)),
    /**
     * The address under which other groves reach this one, where it is not the one it listens on.
     */
    publicUrl: written(parseAddress),
    /** Groves to start from and never to forget: `id@url` or a plain URL. */
    peers: z.array(written(parseSeed)),
    gossipInterval: written(positiveDuration),
    syncInterval: written(positiveDuration),
    sync: z.enum(['frontier', 'off']),
    /** Metrics and signals to keep up with; all where it is left out. */
    syncDimensions: z.array(z.string().min(1)),
    /**
     * By metric, the value that must be reached (in the metric's direction) for an item to be
     * fetched.
     */
    syncThresholds: z.record(z.string().min(1), written(parseNumber)),
    syncTags: z.array(z.string().min(1).max(256)).max(100),
    syncKinds: z.array(kindSchema).max(100),
    syncTopK: written((text) => parseCount(text, 1, 1_000)),
    /** The largest artifact that is fetched without having been asked for. */
    maxArtifactBytes: written(parseSize),
    roundBytes: written(parseSize),
    roundRequests: written((text) => parseCount(text, 1)),
    fetchTimeout: written(positiveDuration),
    allowPrivatePeers: z.boolean(),
    logLevel: logLevelSchema,
  })
  .partial()

/** A layer as written. */
export type Layer = z.input<typeof layerSchema>
type Decided = z.output<typeof layerSchema>

/** What the environment says, of what Grove listens to. Read once, at the start of the process. */
export interface Environment {
  readonly GROVE_DIR?: string | undefined
  readonly GROVE_URL?: string | undefined
  readonly GROVE_AGENT_ID?: string | undefined
  readonly GROVE_LOG_LEVEL?: string | undefined
  readonly HOST?: string | undefined
  readonly PORT?: string | undefined
  readonly GOSSIP_SEEDS?: string | undefined
  readonly USER?: string | undefined
  /** Set by npm: how it came to start this process, and the command. */
  readonly npm_lifecycle_event?: string | undefined
  readonly npm_lifecycle_script?: string | undefined
}

/** The environment of this process; the one place that reads it. Empty values count as absent. */
export function readEnvironment(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => value !== undefined && value !== ''),
  )
}

/** The layer that the environment gives. */
function layerOfEnvironment(env: Environment): Layer {
  return {
    ...(env.HOST === undefined ? {} : { host: env.HOST }),
    ...(env.PORT === undefined ? {} : { port: env.PORT }),
    ...(env.GOSSIP_SEEDS === undefined ? {} : { peers: splitList(env.GOSSIP_SEEDS) }),
    ...(env.GROVE_LOG_LEVEL === undefined ? {} : { logLevel: env.GROVE_LOG_LEVEL as LogLevel }),
  }
}

/**
 * Everything decided: how the grove behaves (all but its own id and address, which are known once
 * it listens) and how it is served.
 */
export interface GroveConfig {
  readonly grove: GroveSettings
  readonly server: ServerConfig
  readonly logLevel: LogLevel
}

export interface GroveSettings extends Omit<NodeConfig, 'self' | 'reachable'> {
  /** Where everything is kept. */
  readonly dir: string
  /** Whether private and loopback addresses of peers may be talked to. */
  readonly allowPrivatePeers: boolean
}

export interface ServerConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly publicUrl?: string
}

interface Layers {
  readonly dir: string
  readonly flags?: Layer
  readonly env?: Environment
  /** The parsed content of DIR/grove.json; undefined where there is none. */
  readonly file?: unknown
}

/** Decides a grove's configuration. Pure. Throws `usage-error` naming the layer and the key. */
export function decideConfig({ dir, flags = {}, env = {}, file = {} }: Layers): GroveConfig {
  const settings: Decided = {
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

function nodeConfigOf(settings: Decided): Omit<GroveSettings, 'dir' | 'allowPrivatePeers'> {
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

function parseLayer(layer: unknown, name: string): Decided {
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
 * A peer as operators write it: `id@url`, or a URL, which then is its id until it answers. Throws
 * `usage-error`.
 */
export function parseSeed(text: string): PeerAddress {
  const [, peerId, url = text] = /^([^/]+?)@(https?:\/\/.*)$/i.exec(text.trim()) ?? []
  const address = parseAddress(url)
  return { peerId: peerId ?? address, address }
}

/**
 * An address of a grove: http or https, no credentials, no query; without its last slash. Throws
 * `usage-error`.
 */
export function parseAddress(text: string): string {
  const url = URL.parse(text.trim())
  const fits =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username === '' &&
    url.search === '' &&
    url.hash === ''
  if (!fits) {
    const message = `${JSON.stringify(text.slice(0, 200))} is not the address of a grove, such as http://10.0.0.5:${DEFAULT_PORT}`
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
      { message: `${JSON.stringify(text)} is not between 1ms and 24d` },
    )
  return ms
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
