import { canonicalText, type Json, type JsonObject, jsonEqual } from '../core/canonical.ts'
import { hashBytes } from '../core/cid.ts'
import type { Manifest } from '../core/contribution/schema.ts'
import { GroveError } from '../core/errors.ts'
import type { Filter } from '../core/wire/frontier.ts'
import type { Selection } from '../ports/graph-index.ts'

/** Members of a contribution's context by which it can be filtered, the first by their names. */
const CONTEXT_MAX_MEMBERS = 64
/** Characters of the longest value of a context by which can be filtered, as canonical JSON. */
const CONTEXT_VALUE_MAX_CHARS = 1_024

/** Whether a manifest matches a filter: every condition of the filter must hold. */
export function matches(manifest: Manifest, filter: Selection): boolean {
  const { agent, tags } = manifest
  return (
    (filter.kind === undefined || filter.kind === manifest.kind) &&
    (filter.mode === undefined || filter.mode === manifest.mode) &&
    (filter.agentId === undefined || filter.agentId === agent.agentId) &&
    (filter.agentName === undefined || filter.agentName === agent.agentName) &&
    (filter.platform === undefined || filter.platform === agent.platform) &&
    (filter.tags ?? []).every((tag) => hasTag(tags, tag)) &&
    (filter.anyTag?.some((tag) => hasTag(tags, tag)) ?? true) &&
    (filter.anyKind?.includes(manifest.kind) ?? true) &&
    conditionsOf(filter.context).every((condition) => hasEqual(manifest.context, condition))
  )
}

/** An empty tag, which publishing refuses and other groves may still send, matches nothing. */
function hasTag(tags: readonly string[], tag: string): boolean {
  return tag !== '' && tags.includes(tag)
}

function hasEqual(context: Manifest['context'], [key, value]: readonly [string, Json]): boolean {
  if (context === undefined || !Object.hasOwn(context, key)) return false
  return jsonEqual(context[key], value) && filterable(context).includes(key)
}

/** The keys of a context by which can be filtered, whatever their values. */
function filterable(context: JsonObject): string[] {
  const keys = Object.keys(context)
  return keys.length <= CONTEXT_MAX_MEMBERS ? keys : keys.sort().slice(0, CONTEXT_MAX_MEMBERS)
}

/** The conditions of a filter on the context. Throws `too-large` for one that nothing can meet. */
function conditionsOf(context: Filter['context'] = {}): [string, Json][] {
  const conditions = Object.entries(context)
  const long = conditions.find(([, value]) => !isShort(canonicalText(value)))
  if (long === undefined && conditions.length <= CONTEXT_MAX_MEMBERS) return conditions
  const message =
    `a filter compares up to ${CONTEXT_MAX_MEMBERS} members of the context, and values of up to ` +
    `${CONTEXT_VALUE_MAX_CHARS} characters of JSON`
  const details = { maxMembers: CONTEXT_MAX_MEMBERS, maxChars: CONTEXT_VALUE_MAX_CHARS }
  throw new GroveError('too-large', details, { message })
}

const isShort = (text: string): boolean => text.length <= CONTEXT_VALUE_MAX_CHARS

/**
 * What a contribution can be filtered by, as single words: `matches(manifest, filter)` holds
 * exactly where the manifest has a word of each list of `facetsOfFilter(filter)`. A word has only
 * lower-case letters, digits and characters beyond ASCII, so that a plain full-text index keeps it.
 */
export function facetsOfManifest(manifest: Manifest): string[] {
  const { kind, mode, tags, context, agent } = manifest
  const { agentId, agentName, platform } = agent
  return [
    ...facetsOf({ kind, mode, tags, agentId, agentName, platform }),
    ...filterable(context ?? {})
      .map((key) => [key, canonicalText(context?.[key])] as const)
      .filter(([, value]) => isShort(value))
      .map(contextFacet),
  ]
}

/**
 * The facets that a filter asks for: of each list one suffices. No list where all match, and an
 * empty one where nothing does.
 */
export function facetsOfFilter(filter: Selection): string[][] {
  const { tags = [], anyTag, anyKind } = filter
  if (tags.includes('')) return [[]]
  const choices = [
    anyTag?.filter((tag) => tag !== '').map((tag) => facet('tag', tag)),
    anyKind?.map((kind) => facet('kind', kind)),
  ]
  return [
    ...facetsOf(filter).map((word) => [word]),
    ...conditionsOf(filter.context).map(([key, value]) => [
      contextFacet([key, canonicalText(value)]),
    ]),
    ...choices.filter((words) => words !== undefined),
  ]
}

type WithoutContext = Omit<Filter, 'context'>

function facetsOf(
  filter: {
    readonly [K in keyof WithoutContext]: WithoutContext[K] | undefined
  },
): string[] {
  const { kind, mode, agentId, agentName, platform, tags = [] } = filter
  const single = Object.entries({ kind, mode, agentId, agentName, platform })
  return [
    ...single.flatMap(([name, value]) => (value === undefined ? [] : [facet(name, value)])),
    ...[...new Set(tags)].map((tag) => facet('tag', tag)),
  ]
}

const contextFacet = ([key, value]: readonly [string, string]): string =>
  facet('context', `${JSON.stringify(key)}:${value}`)

/** Longer facets are replaced by their hash. */
const FACET_MAX_CHARS = 60
/** Characters that are escaped: those at which an ASCII tokenizer splits, or which it folds. */
const ESCAPED = /[^a-z0-9\u0080-\udfff\uf900-\uffff]/g
/** Where escaped characters go: the private use area. A facet that has such already is hashed. */
const PRIVATE_USE = 0xe000

function facet(name: string, value: string): string {
  const text = `${name}:${value}`
  if (text.length > FACET_MAX_CHARS || /[\ue000-\uf8ff]/.test(text))
    return `hash${hashBytes(Buffer.from(text)).slice(7)}`
  return text.replace(ESCAPED, (char) => String.fromCharCode(PRIVATE_USE + char.charCodeAt(0)))
}
