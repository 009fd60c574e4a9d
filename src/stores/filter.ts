import { canonicalText, jsonEqual } from '../core/canonical.ts'
import { hashBytes } from '../core/cid.ts'
import type { Manifest } from '../core/schema.ts'
import type { Filter } from '../core/wire.ts'

/** Whether a contribution is meant by a filter: all that it gives must hold. */
export function matches(manifest: Manifest, filter: Filter): boolean {
  const { agent, tags } = manifest
  return (
    (filter.kind === undefined || filter.kind === manifest.kind) &&
    (filter.mode === undefined || filter.mode === manifest.mode) &&
    (filter.agentId === undefined || filter.agentId === agent.agentId) &&
    (filter.agentName === undefined || filter.agentName === agent.agentName) &&
    (filter.platform === undefined || filter.platform === agent.platform) &&
    (filter.tags ?? []).every((tag) => tags.includes(tag)) &&
    Object.entries(filter.context ?? {}).every(([key, value]) => hasEqual(manifest.context, key, value))
  )
}

function hasEqual(context: Manifest['context'], key: string, value: unknown): boolean {
  return context !== undefined && Object.hasOwn(context, key) && jsonEqual(context[key], value)
}

/** Longer facets are kept by their hash. */
const FACET_MAX_CHARS = 80

/** Facet of every contribution: an empty filter asks for it. */
export const ALL = 'all'

/** All facets that a contribution has, each once: `matches(manifest, filter)` holds exactly where it has all of `facetsOf(filter)`. */
export function facetsOfManifest(manifest: Manifest): string[] {
  const { kind, mode, tags, context, agent } = manifest
  const { agentId, agentName, platform } = agent
  return [ALL, ...facets({ kind, mode, tags, context, agentId, agentName, platform })]
}

/** The facets that a filter asks for, at least one. */
export function facetsOfFilter(filter: Filter): string[] {
  const asked = facets(filter)
  return asked.length === 0 ? [ALL] : asked
}

function facets(filter: { readonly [K in keyof Filter]: Filter[K] | undefined }): string[] {
  const { kind, mode, agentId, agentName, platform, tags = [], context = {} } = filter
  const single = { kind, mode, agentId, agentName, platform }
  return [
    ...Object.entries(single).flatMap(([name, value]) => (value === undefined ? [] : [facet(name, value)])),
    ...new Set(tags.map((tag) => facet('tag', tag))),
    ...Object.entries(context).map(([key, value]) =>
      facet('context', `${JSON.stringify(key)}:${canonicalText(value)}`),
    ),
  ]
}

function facet(name: string, value: string): string {
  const text = `${name}:${value}`
  return text.length <= FACET_MAX_CHARS ? text : `${name}:#${hashBytes(Buffer.from(text))}`
}
