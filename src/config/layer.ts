import { isIP } from 'node:net'
import { z } from 'zod'
import { kindSchema } from '../core/contribution/schema.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { tokenId } from '../core/identity/token.ts'
import { readAs } from '../core/issues.ts'
import { admissions } from '../core/peers/admission.ts'
import { parseCount, parseDuration, parseNumber, parseSize } from '../core/units.ts'
import { dimensionSchema } from '../core/wire/frontier.ts'
import { parseAddress, parseSeed } from './address.ts'

export const PORT_MAX = 65_535

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

const proxySchema = z
  .string()
  .regex(/^(loopback|[0-9a-f.:]+(\/\d{1,3})?)$/i, 'must be an IP address, a range, or loopback')

const logLevelSchema = z.enum(['debug', 'info', 'warn', 'error', 'silent'])
/** The least severe lines that are logged. */
export type LogLevel = z.infer<typeof logLevelSchema>

/** One layer of the configuration, and the form of grove.json. An unknown key is an error. */
export const layerSchema = z
  .strictObject({
    host: z.string().min(1).refine(isAddressOrName, 'is neither an IP address nor a name'),
    port: written((text) => parseCount(text, 0, PORT_MAX)),
    /** The address at which other groves reach this one. Default: the one it listens on. */
    publicUrl: written(parseAddress),
    /** More addresses at which they do. */
    alsoAt: z.array(written(parseAddress)),
    /** Which groves may call it. It has to be chosen where others than this machine can. */
    admission: z.enum(admissions),
    /** Everybody may read contributions. */
    anonymousRead: z.boolean(),
    /** Files with a certificate and its key (PEM), to serve https with. */
    tlsCert: z.string().min(1),
    tlsKey: z.string().min(1),
    /** Reverse proxies that are believed, each an IP address, a range or `loopback`. */
    trustProxies: z.array(proxySchema),
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
    /** A token for the grove that commands call by --server or GROVE_URL. */
    token: z.string().refine((text) => tokenId(text) !== undefined, 'must be a token of a grove'),
    logLevel: logLevelSchema,
  })
  .partial()

/** A layer as it is written, before its amounts are parsed. */
export type Layer = z.input<typeof layerSchema>
/** A layer with its amounts as numbers. */
export type ParsedLayer = ReturnType<typeof layerSchema.parse>

/** Settings whose flag may be repeated: the flag's name, in the file as in the command. */
const plurals: Readonly<Record<string, string>> = {
  peer: 'peers',
  trustProxy: 'trustProxies',
  allowHost: 'allowHosts',
  syncDimension: 'syncDimensions',
  syncThreshold: 'syncThresholds',
  syncTag: 'syncTags',
  syncKind: 'syncKinds',
}

/** The layer with its lists by their names in the plural; one that has both names is left. */
function inPlural(layer: unknown): unknown {
  if (typeof layer !== 'object' || layer === null || Array.isArray(layer)) return layer
  const entries = Object.entries(layer).map(([name, value]) => {
    const plural = Object.hasOwn(plurals, name) ? plurals[name] : undefined
    return [plural === undefined || plural in layer ? name : plural, value]
  })
  return Object.fromEntries(entries)
}

/** A layer as it was written, parsed. Throws `usage-error`, which names the layer and the key. */
export function parseLayer(layer: unknown, name: string): ParsedLayer {
  const result = readAs(layerSchema, inPlural(layer))
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) =>
    path.length === 0 || isVariable(name) ? message : `${placeOf(path, name)}: ${message}`,
  )
  const from = name === OPTIONS ? '' : `${name}: `
  throw new GroveError(
    'usage-error',
    { layer: name },
    { message: from + issues.join('; '), cause: result.error },
  )
}

/** The layer of the command line. */
export const OPTIONS = 'options'

/** What a person wrote for a setting: a flag on the command line, else its key. */
function placeOf(path: readonly PropertyKey[], layer: string): string {
  const [key, ...rest] = path.map(String)
  if (layer !== OPTIONS || key === undefined) return path.join('.')
  const singular = Object.keys(plurals).find((name) => plurals[name] === key) ?? key
  const flag = `--${singular.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  // Which of several values it was is no part of the flag.
  return [flag, ...rest.filter((part) => !/^\d+$/.test(part))].join(' ')
}

/** What has only digits and points is meant as an address. */
function isAddressOrName(host: string): boolean {
  return !/^[\d.]+$/.test(host) || isIP(host) !== 0
}

/** A variable gives one setting, whose key would say nothing more. */
const isVariable = (name: string) => /^[A-Z_]+$/.test(name)

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
