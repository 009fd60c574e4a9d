import { isIP } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { kindSchema } from './core/contribution/schema.ts'
import { GroveError, isGroveError } from './core/errors.ts'
import { ourWords } from './core/issues.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './core/limits.ts'
import { isLoopback } from './core/loopback.ts'
import { withScheme } from './core/peers/endpoint.ts'
import type { PeerAddress } from './core/peers/peer.ts'
import { defaultPolicy, thresholdsNamed } from './core/policy.ts'
import { dimensionsNamed } from './core/ranking/frontier.ts'
import { withoutSecrets } from './core/text.ts'
import { parseCount, parseDuration, parseNumber, parseSize } from './core/units.ts'
import { dimensionSchema } from './core/wire/frontier.ts'
import type { NodeConfig } from './node/context.ts'

/**
 * The configuration of a grove: flags > environment > DIR/grove.json > defaults. All layers have
 * one shape, with amounts as people write them (`30s`, `64MiB`). The result has every value, in
 * numbers.
 */

/** The default port of `grove serve` and of clients, as in Grove 0.1. */
export const DEFAULT_PORT = 4515
const DEFAULT_HOST = '127.0.0.1'
const PORT_MAX = 65_535

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

const hostNameSchema = z
  .string()
  .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/i, 'must be the name of a host, such as grove.example')

const logLevelSchema = z.enum(['debug', 'info', 'warn', 'error', 'silent'])
/** The least severe lines that are logged. */
export type LogLevel = z.infer<typeof logLevelSchema>

/** One layer of the configuration, and the form of grove.json. An unknown key is an error. */
export const layerSchema = z
  .strictObject({
    host: z.string().min(1),
    port: written((text) => parseCount(text, 0, PORT_MAX)),
    /** The address at which other groves reach this one. Default: the one it listens on. */
    publicUrl: written(parseAddress),
    /** Names by which it may be called, besides that of its address. */
    allowHosts: z.array(hostNameSchema),
    /** Seeds: `id@url` or a plain URL. */
    peers: z.array(written(parseSeed)),
    gossipInterval: written(positiveDuration),
    syncInterval: written(positiveDuration),
    sync: z.enum(['frontier', 'off']),
    /** Metrics and signals in which items are fetched. Default: all but `_recency`. */
    syncDimensions: z.array(dimensionSchema),
    /** By metric, the worst value of an item that is fetched, in the metric's direction. */
    syncThresholds: z.record(dimensionSchema, written(parseNumber)),
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
  readonly GROVE_HOST?: string | undefined
  readonly GROVE_PORT?: string | undefined
  /** As in Grove 0.1; other programs set it, too, and mean something else. */
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

/** One layer: what gave it its values, as messages name it, and the values. */
interface NamedLayer {
  readonly name: string
  readonly values: unknown
}

/**
 * The layers of the environment, one for each variable. `HOST` and `PORT` are left out, with a
 * note, where they can't be meant for Grove: conda's `HOST` is a platform.
 */
function layersOfEnvironment(env: Environment): { layers: NamedLayer[]; notes: string[] } {
  const { HOST, PORT, GROVE_HOST, GROVE_PORT, GOSSIP_SEEDS, GROVE_LOG_LEVEL } = env
  const notes: string[] = []
  const meant = (name: string, isMeant: boolean, what: string): boolean => {
    if (!isMeant) notes.push(`${name} is no ${what} and is ignored: set GROVE_${name} instead`)
    return isMeant
  }
  const layers: (NamedLayer | false)[] = [
    HOST !== undefined &&
      GROVE_HOST === undefined &&
      meant('HOST', isIP(HOST) !== 0 || HOST === 'localhost', 'IP address') && {
        name: 'HOST',
        values: { host: HOST },
      },
    PORT !== undefined &&
      GROVE_PORT === undefined &&
      meant('PORT', /^\d+$/.test(PORT) && Number(PORT) <= PORT_MAX, 'port') && {
        name: 'PORT',
        values: { port: PORT },
      },
    GROVE_HOST !== undefined && { name: 'GROVE_HOST', values: { host: GROVE_HOST } },
    GROVE_PORT !== undefined && { name: 'GROVE_PORT', values: { port: GROVE_PORT } },
    GOSSIP_SEEDS !== undefined && {
      name: 'GOSSIP_SEEDS',
      values: { peers: splitList(GOSSIP_SEEDS) },
    },
    GROVE_LOG_LEVEL !== undefined && {
      name: 'GROVE_LOG_LEVEL',
      values: { logLevel: GROVE_LOG_LEVEL },
    },
  ]
  return { layers: layers.filter((layer) => layer !== false), notes }
}

/** A complete configuration. */
export interface GroveConfig {
  readonly grove: GroveSettings
  readonly server: ServerConfig
  readonly logLevel: LogLevel
  /** What was ignored, and why. */
  readonly notes: readonly string[]
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
    { name: 'options', values: flags },
  ].map(({ name, values }) => ({ name, values: parseLayer(values, name) }))
  const settings = Object.assign({}, ...parsed.map(({ values }) => values)) as ParsedLayer
  const from = (key: 'host' | 'port') => {
    const name = parsed.findLast(({ values }) => values[key] !== undefined)?.name
    return name === 'options' ? `--${key}` : name
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
      ...(settings.allowHosts === undefined ? {} : { allowHosts: settings.allowHosts }),
      from: { host: from('host'), port: from('port') },
    },
    logLevel: settings.logLevel ?? 'info',
    notes,
  }
}

function nodeConfigOf(settings: ParsedLayer): Omit<GroveSettings, 'dir' | 'allowPrivatePeers'> {
  const { syncThresholds, syncTags: tags, syncKinds: kinds } = settings
  const dimensions = settings.syncDimensions?.flatMap(dimensionsNamed)
  return {
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

/** Settings whose flag may be repeated: the flag's name, in the file as in the command. */
const plurals: Readonly<Record<string, string>> = {
  peer: 'peers',
  allowHost: 'allowHosts',
  syncDimension: 'syncDimensions',
  syncThreshold: 'syncThresholds',
  syncTag: 'syncTags',
  syncKind: 'syncKinds',
}

/** The layer with its lists by their names in the plural; one that has both names is left. */
function inPlural(layer: unknown): unknown {
  if (typeof layer !== 'object' || layer === null) return layer
  const entries = Object.entries(layer).map(([name, value]) => {
    const plural = Object.hasOwn(plurals, name) ? plurals[name] : undefined
    return [plural === undefined || plural in layer ? name : plural, value]
  })
  return Object.fromEntries(entries)
}

function parseLayer(layer: unknown, name: string): ParsedLayer {
  const result = layerSchema.safeParse(inPlural(layer), ourWords)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) =>
    path.length === 0 || isVariable(name) ? message : `${path.join('.')}: ${message}`,
  )
  throw new GroveError(
    'usage-error',
    { layer: name },
    { message: `${name}: ${issues.join('; ')}`, cause: result.error },
  )
}

/** A variable gives one setting, whose key would say nothing more. */
const isVariable = (name: string) => /^[A-Z_]+$/.test(name)

/**
 * A seed as operators write it: `id@url` or a plain URL, which is its id until it answers. Throws
 * `usage-error`.
 */
export function parseSeed(text: string): PeerAddress {
  const [, peerId, url = text] = /^([^/]+?)@(https?:\/\/.*)$/i.exec(text.trim()) ?? []
  const address = parseAddress(url)
  return { peerId: peerId ?? address, address }
}

/**
 * The address of a grove, without slashes at its end: http or https, no credentials, no query.
 * `host:port` is taken for http. Throws `usage-error`, which doesn't repeat a password.
 */
export function parseAddress(text: string): string {
  const url = URL.parse(withScheme(text.trim()))
  const hasCredentials = url !== null && (url.username !== '' || url.password !== '')
  const fits =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    !hasCredentials &&
    url.search === '' &&
    url.hash === ''
  if (!fits) {
    const shown = JSON.stringify(withoutSecrets(text).slice(0, 200))
    const why = hasCredentials ? ', without a user or a password' : ''
    const message = `${shown} is not an address of a grove, such as http://10.0.0.5:${DEFAULT_PORT}`
    throw new GroveError('usage-error', {}, { message: message + why })
  }
  return url.href.replace(/\/+$/, '')
}

/** The error about a value, with what gave the value: an option, a variable, a file. */
export const fromSource = (source: string, error: GroveError): GroveError =>
  new GroveError(
    error.code,
    { ...error.details, source },
    { cause: error, message: `${source}: ${error.message}` },
  )

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
