import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { fromSource, parseAddress, parseSeed } from '../config/address.ts'
import type { Layer } from '../config/layer.ts'
import { kindSchema } from '../core/contribution/schema.ts'
import { isGroveError } from '../core/errors.ts'
import { type AdmissionMode, admissions } from '../core/peers/admission.ts'
import { defaultPolicy } from '../core/policy.ts'
import { SIGNAL_NAMES } from '../core/ranking/frontier.ts'
import { formatSize, parseCount, parseDuration, parseSize } from '../core/units.ts'
import { readText, readThreshold } from './options.ts'

/**
 * Options of `serve` and `init` that configure a grove. Values stay as written, so that grove.json
 * reads like the command; only counts become numbers there.
 */
export interface SettingsOptions {
  readonly host?: string
  readonly port?: string
  readonly publicUrl?: string
  readonly admission?: AdmissionMode
  readonly alsoAt?: string[]
  readonly allowHost?: string[]
  readonly anonymousRead?: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly trustProxy?: string[]
  readonly peer?: string[]
  readonly gossipInterval?: string
  readonly sync?: 'frontier' | 'off'
  readonly syncInterval?: string
  readonly syncDimension?: string[]
  readonly syncThreshold?: [string, number][]
  readonly syncTag?: string[]
  readonly syncKind?: string[]
  readonly syncTopK?: string
  readonly maxArtifactBytes?: string
  readonly roundBytes?: string
  readonly roundRequests?: string
  readonly fetchTimeout?: string
  readonly allowPrivatePeers?: boolean
  readonly logLevel?: string
}

/** Checks text with a parser, but keeps it as text. */
function checked(parse: (text: string) => unknown): (text: string) => string {
  return (text) => {
    try {
      parse(text)
      return text
    } catch (error) {
      if (isGroveError(error)) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

/**
 * Checks an address, but keeps it as text. Commander's own message would repeat it with a password.
 * Throws `usage-error`.
 */
function checkedAddress(
  option: string,
  parse: (text: string) => unknown,
): (text: string) => string {
  return (text) => {
    try {
      parse(text)
      return text
    } catch (error) {
      throw isGroveError(error) ? fromSource(option, error) : error
    }
  }
}

/** Adds the options that configure a grove. */
export function addSettings(command: Command): Command {
  addListening(command)
  addPolicy(command)
  return command
    .option(
      '--fetch-timeout <duration>',
      'give up a fetch after this long, unless it sets its own time (default: 5m)',
      checked(parseDuration),
    )
    .addOption(
      new Option('--log-level <level>', 'what to log on stderr (default: info)').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
}

function addListening(command: Command): void {
  const readSeedText = checkedAddress('--peer', parseSeed)
  const readAlsoAt = checkedAddress('--also-at', parseAddress)
  command
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .option(
      '--port <port>',
      'port to listen on; 0 takes a free one (default: 4515)',
      checked((text) => parseCount(text, 0, 65_535)),
    )
    .option(
      '--public-url <url>',
      'address at which other groves reach this one (default: the address listened on)',
      checkedAddress('--public-url', parseAddress),
    )
    .option(
      '--also-at <url>',
      'another address at which they reach it (may be repeated; default: none)',
      (text: string, before: string[] = []) => [...before, readAlsoAt(text)],
    )
    .addOption(
      new Option(
        '--admission <who>',
        'which groves may call this one: all, those that sign what they ask, or those that you ' +
          'list with `grove peers trust` (default: open, while only this machine can call it)',
      ).choices(admissions),
    )
    .option(
      '--anonymous-read',
      'let everybody read contributions, without a token, at a limited rate (default: off)',
    )
    .option('--tls-cert <file>', 'a certificate with its chain, to serve https (default: http)')
    .option('--tls-key <file>', 'the key of the certificate')
    .option(
      '--trust-proxy <address>',
      'a reverse proxy, as IP address, range or `loopback`, that is believed where callers are ' +
        '(may be repeated; default: none)',
      readText,
    )
    .option(
      '--allow-host <name>',
      'a name to be called by, beside that of its address (may be repeated; default: none)',
      readText,
    )
    .option(
      '--peer <url>',
      'a grove to start from, as URL or id@URL (may be repeated; default: none)',
      (text: string, before: string[] = []) => [...before, readSeedText(text)],
    )
    .option(
      '--allow-private-peers',
      'talk to peers on private and loopback addresses (default: only while listening on loopback)',
    )
    .option(
      '--gossip-interval <duration>',
      'mean time between exchanges with peers (default: 30s)',
      checked(parseDuration),
    )
}

const SIGNALS = Object.keys(SIGNAL_NAMES).join(', ')

/** A size as the options take it: `256MiB`. */
const sizeOf = (bytes: number): string => formatSize(bytes).replace(/(?:\.0)? /, '')

function addPolicy(command: Command): void {
  command
    .addOption(
      new Option(
        '--sync <scope>',
        "keep up with the peers' frontiers, or fetch only what is asked for (default: frontier)",
      ).choices(['frontier', 'off']),
    )
    .option(
      '--sync-interval <duration>',
      'mean time between rounds (default: 30s)',
      checked(parseDuration),
    )
    .option(
      '--sync-dimension <name>',
      `keep up with this metric or signal (${SIGNALS}) only (may be repeated; default: all)`,
      readText,
    )
    .option(
      '--sync-threshold <metric=value>',
      'fetch only what reaches this value, in its direction (may be repeated)',
      readThreshold,
    )
    .option('--sync-tag <tag>', 'fetch only what has this tag (may be repeated)', readText)
    .addOption(
      new Option(
        '--sync-kind <kind>',
        'fetch only this kind (may be repeated; default: work)',
      ).argParser((text: string, before: string[] = []) => {
        if (!(kindSchema.options as readonly string[]).includes(text))
          throw new InvalidArgumentError(`Allowed choices are ${kindSchema.options.join(', ')}.`)
        return [...before, text]
      }),
    )
    .option(
      '--sync-top-k <count>',
      `how many of the best of each dimension to keep up with (default: ${defaultPolicy.topK})`,
      checked((text) => parseCount(text, 1, 1_000)),
    )
    .option(
      '--max-artifact-bytes <size>',
      'largest artifact to fetch without being asked (default: 64MiB)',
      checked(parseSize),
    )
    .option(
      '--round-bytes <size>',
      `the most bytes that a round may move (default: ${sizeOf(defaultPolicy.maxBytesPerRound)})`,
      checked(parseSize),
    )
    .option(
      '--round-requests <count>',
      `the most requests that a round may make (default: ${defaultPolicy.maxRequestsPerRound})`,
      checked((text) => parseCount(text, 1)),
    )
}

/** A count that was checked, as the number that grove.json holds. */
const countOf = (text: string | undefined) => (text === undefined ? undefined : Number(text))

/** The configuration layer of the options. */
export function layerFrom(options: SettingsOptions): Layer {
  const {
    host,
    port,
    publicUrl,
    admission,
    gossipInterval,
    sync,
    syncInterval,
    syncTopK,
    maxArtifactBytes,
    roundBytes,
    roundRequests,
  } = options
  const { fetchTimeout, allowPrivatePeers, logLevel, syncThreshold } = options
  const layer = {
    ...{
      host,
      port: countOf(port),
      publicUrl,
      admission,
      anonymousRead: options.anonymousRead,
      tlsCert: options.tlsCert && resolve(options.tlsCert),
      tlsKey: options.tlsKey && resolve(options.tlsKey),
      alsoAt: options.alsoAt,
      trustProxies: options.trustProxy,
      allowHosts: options.allowHost,
      peers: options.peer,
      gossipInterval,
      sync,
      syncInterval,
      syncDimensions: options.syncDimension,
    },
    ...{
      syncThresholds: syncThreshold === undefined ? undefined : Object.fromEntries(syncThreshold),
      syncTags: options.syncTag,
      syncKinds: options.syncKind,
    },
    ...{
      syncTopK: countOf(syncTopK),
      maxArtifactBytes,
      roundBytes,
      roundRequests: countOf(roundRequests),
      fetchTimeout,
      allowPrivatePeers,
      logLevel,
    },
  }
  return Object.fromEntries(
    Object.entries(layer).filter(([, value]) => value !== undefined),
  ) as Layer
}
