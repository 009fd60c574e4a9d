import { hostname, userInfo } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { isJsonObject, type JsonObject } from '../core/canonical.ts'
import type { Agent, Direction, Score } from '../core/contribution/schema.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { inexactness, parseExactJson } from '../core/exact-json.ts'
import { LIST_MAX } from '../core/limits.ts'
import { hasControls } from '../core/text.ts'
import {
  parseAssignment,
  parseCount,
  parseDuration,
  parseNumber,
  parseSize,
} from '../core/units.ts'
import type { listLimit } from '../core/wire/frontier.ts'

/** Reads the values of options. Commander puts the option's name before the message. */

/** A parser for commander: what it throws becomes a usage error that names the option. */
function reading<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (isGroveError(error)) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

/** Like `reading`, for an option that may be repeated. */
function readingMany<T>(
  parse: (text: string) => T,
): (text: string, before: T[] | undefined) => T[] {
  const read = reading(parse)
  return (text, before = []) => [...before, read(text)]
}

export const readDuration = reading(parseDuration)
/** A duration that is more than nothing: a timeout of 0 would let nothing happen. */
export const readTimeout = reading((text) => {
  const ms = parseDuration(text)
  if (ms > 0) return ms
  throw new GroveError('usage-error', {}, { message: 'it must be more than 0' })
})
export const readSize = reading(parseSize)
export const readLimit = reading((text) => parseCount(text, 1, LIST_MAX))
export const readDepth = reading((text) => parseCount(text, 0, 64))
export const readCount = reading((text) => parseCount(text, 1, 1_000))
export const readOffset = reading((text) => parseCount(text))
export const readText = readingMany((text) => text)
export const readScore = readingMany(parseOpenScore)
export const readReviewScore = readingMany(parseReviewScore)
export const readThreshold = readingMany((text): [string, number] => {
  const [metric, value] = parseAssignment(text, 'metric=value')
  return [metric, parseNumber(value)]
})
export const readJsonObject = reading(parseJsonObject)

/** `--limit`, or another bound, which is by default what that of the operation is. */
export function limitOption(
  description: string,
  limit: ReturnType<typeof listLimit>,
  flags = '-n, --limit <count>',
): Option {
  return new Option(flags, description).argParser(readLimit).default(limit.parse(undefined))
}

/** `--tag`, which may be repeated. */
export const tagOption = (description: string): Option =>
  new Option('--tag <tag>', description).argParser(readText)

/** `--insist`, where scores are published. */
export const insistOption = (): Option =>
  new Option(
    '--insist',
    'publish scores also in another direction or unit than those published here or other reviews ' +
      'of the work have, or that do not count',
  )

/** `name=value:minimize|maximize[:unit]`. */
export function parseScore(text: string): [name: string, score: Score] {
  if (/=[+-]?(nan|inf(inity)?)(:|$)/i.test(text))
    throw new InvalidArgumentError(
      'A score is a finite number. Leave out one that diverged, and say so by ' +
        '--context \'{"outcome":"crash"}\'.',
    )
  const [, name, value, direction, unit] =
    /^(.+?)=([^:]+):(minimize|maximize)(?::(.+))?$/.exec(text) ?? []
  if (name === undefined || value === undefined || direction === undefined) {
    throw new InvalidArgumentError(
      `"${text}" is not of the form name=value:minimize|maximize[:unit], ` +
        'such as val_bpb=0.95:minimize:bpb.',
    )
  }
  const problem = inexactness(value, parseNumber(value))
  if (problem !== undefined) throw new InvalidArgumentError(`${name}: ${value} ${problem}.`)
  const score = { value: parseNumber(value), direction: direction as Direction }
  return [name, unit === undefined ? score : { ...score, unit }]
}

/** A score whose direction may be left open. */
export type OpenScore = Omit<Score, 'direction'> & { readonly direction?: Direction }

/** The same, or `name=value`, which leaves the direction open. */
export function parseOpenScore(text: string): [name: string, score: OpenScore] {
  if (!/^[^=]+=[^:]+$/.test(text)) return parseScore(text)
  const [name, { value }] = parseScore(`${text}:maximize`)
  return [name, { value }]
}

/** The score of a review, which is better the higher it is unless it says otherwise. */
export function parseReviewScore(text: string): [name: string, score: OpenScore] {
  if (!text.includes('='))
    throw new InvalidArgumentError(
      `"${text}" is not of the form name=value[:minimize|maximize[:unit]], ` +
        'such as quality=0.9.',
    )
  return parseOpenScore(text)
}

/** A JSON object as text. */
function parseJsonObject(text: string): JsonObject {
  try {
    const value = parseExactJson(text)
    if (isJsonObject(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new InvalidArgumentError('It is not a JSON object, such as \'{"dataset":"enwik8"}\'.')
}

/** Options for the author, as commander names them. */
export interface AgentOptions {
  readonly agentId?: string
  readonly agentName?: string
  readonly agentRole?: string
  readonly provider?: string
  readonly model?: string
  readonly platform?: string
}

/** Adds the options for the author. */
export function addAgent(command: Command): void {
  command
    .option('--agent-id <id>', "the author's id (default: GROVE_AGENT_ID, else user@host)")
    .option('--agent-name <name>', "the author's name")
    .option('--agent-role <role>', "the author's role")
    .option('--provider <name>', "the model's provider")
    .option('--model <name>', 'the model')
    .option('--platform <name>', 'what it ran on')
}

/** The author of a contribution: as the options say, else `user@host`. Throws `usage-error`. */
export function agentFrom(options: AgentOptions, fallbackId: string | undefined): Agent {
  const { agentName, provider, model, platform, agentRole: role } = options
  const rest = Object.entries({ agentName, provider, model, platform, role }).filter(
    ([, value]) => value !== undefined,
  )
  const agent = {
    agentId: options.agentId ?? fallbackId ?? `${userName()}@${hostname()}`,
    ...Object.fromEntries(rest),
  }
  for (const [name, value] of Object.entries(agent)) requirePlain(name, value)
  return agent
}

/** Throws `usage-error` for a name that is no plain line: it is published for good. */
function requirePlain(name: string, value: string | undefined): void {
  if (value === undefined || !hasControls(value)) return
  const message = `the agent's ${name} has control characters: ${JSON.stringify(value)}`
  throw new GroveError('usage-error', { name }, { message })
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // The user id has no entry in the system's list of users, as in many containers.
    return 'user'
  }
}
