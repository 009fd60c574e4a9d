import type { JsonObject } from '../../../core/canonical.ts'
import type { RESULTS } from '../../../core/contribution/relation.ts'
import type { Kind, Relation, RelationType } from '../../../core/contribution/schema.ts'
import { GroveError } from '../../../core/errors.ts'
import { type CliSession, cidOf } from '../../context.ts'

/** The options that say what a contribution says of others, and the kind that follows from them. */

/** What `--result` may be. */
export type Result = (typeof RESULTS)[number]

export interface RelationFlags {
  readonly kind?: Kind
  readonly parent?: string[]
  readonly reviews?: string[]
  readonly reproduces?: string[]
  readonly adopts?: string[]
  readonly respondsTo?: string[]
  readonly result?: Result
  readonly metadata?: JsonObject
}

const relationOptions = {
  parent: 'derives_from',
  reviews: 'reviews',
  reproduces: 'reproduces',
  adopts: 'adopts',
  respondsTo: 'responds_to',
} as const satisfies Record<string, RelationType>

/** The relations that the options name, each once. Throws `usage-error`, and as `cidOf`. */
export async function relationsFrom(
  session: CliSession,
  options: RelationFlags,
): Promise<Relation[]> {
  const relations: Relation[] = []
  for (const [name, relationType] of Object.entries(relationOptions)) {
    for (const text of options[name as keyof typeof relationOptions] ?? []) {
      const targetCid = await cidOf(session, text)
      if (relations.some((other) => isSame(other, { targetCid, relationType }))) continue
      const metadata = metadataFor(relationType, options)
      relations.push({ targetCid, relationType, ...(metadata && { metadata }) })
    }
  }
  if (options.metadata !== undefined && relations.length === 0)
    throw misused('--metadata needs a relation, such as --reproduces')
  if (options.result !== undefined && options.reproduces === undefined)
    throw misused('--result needs --reproduces')
  return relations
}

/** Whether both say the same of the same: metadata is that of the whole command. */
const isSame = (a: Relation, b: Relation): boolean =>
  a.targetCid === b.targetCid && a.relationType === b.relationType

function metadataFor(
  relationType: RelationType,
  { metadata, result }: RelationFlags,
): JsonObject | undefined {
  if (result === undefined || relationType !== 'reproduces') return metadata
  if (metadata !== undefined && Object.hasOwn(metadata, 'result'))
    throw misused('the result is given twice: by --result and in --metadata')
  return { ...metadata, result }
}

/** The option that says what a contribution of a kind is about. */
const targetOptions = {
  review: 'reviews',
  reproduction: 'reproduces',
  adoption: 'adopts',
} as const satisfies Partial<Record<Kind, keyof RelationFlags>>

/** Throws `usage-error` for a kind that is about something, where nothing is named. */
export function checkTarget(options: RelationFlags): void {
  const { kind = 'work' } = options
  if (kind !== 'review' && kind !== 'reproduction' && kind !== 'adoption') return
  const option = targetOptions[kind]
  if (options[option] === undefined) throw misused(`--kind ${kind} needs --${option}`)
}

const kinds: Partial<Record<RelationType, Kind>> = {
  reviews: 'review',
  reproduces: 'reproduction',
  adopts: 'adoption',
  responds_to: 'discussion',
}

/**
 * The kind of a contribution: as --kind says, else all of its relations, else work. Throws
 * `usage-error` where relations say several.
 */
export function kindOf(options: RelationFlags): Kind {
  if (options.kind !== undefined) return options.kind
  const named = Object.entries(relationOptions).filter(
    ([name]) => (options[name as keyof typeof relationOptions] ?? []).length > 0,
  )
  const said = new Set(named.map(([, type]) => kinds[type] ?? 'work'))
  const others = [...said].filter((kind) => kind !== 'work')
  if (others.length > 1)
    throw misused(`its relations say ${others.join(' and ')}: choose one with --kind`)
  return said.size === 1 ? (others[0] ?? 'work') : 'work'
}

/** The error for options that don't go together. */
export const misused = (message: string) => new GroveError('usage-error', {}, { message })
