/** So many entries of a list of files are shown: a model reads all that a tool answers. */
export const LISTED_MAX = 50

/** The lists that are as long as a contribution has files. */
const lists: ReadonlySet<string> = new Set(['artifacts', 'changes', 'files', 'missing', 'withheld'])
/** What authors wrote, whatever its keys are called. */
const authored: ReadonlySet<string> = new Set(['context', 'metadata'])

/**
 * An answer in which lists of files, wherever they are, have their first entries only. Beside them,
 * `cutFrom` says how many there are.
 */
export function inBrief(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(inBrief)
  if (typeof answer !== 'object' || answer === null) return answer
  const cutFrom: Record<string, number> = {}
  const entries = Object.entries(answer).map(([key, value]: [string, unknown]) => {
    if (authored.has(key)) return [key, value]
    const short = lists.has(key) ? firstOf(value) : undefined
    if (short === undefined) return [key, inBrief(value)]
    cutFrom[key] = short.of
    return [key, short.first]
  })
  const brief: { readonly cutFrom?: object } = Object.fromEntries(entries)
  if (Object.keys(cutFrom).length === 0) return brief
  return { ...brief, cutFrom: { ...brief.cutFrom, ...cutFrom } }
}

/** The first entries of a list, or of an object by names; undefined if there are no others. */
function firstOf(value: unknown): { readonly first: unknown; readonly of: number } | undefined {
  if (Array.isArray(value))
    return value.length <= LISTED_MAX
      ? undefined
      : { first: value.slice(0, LISTED_MAX), of: value.length }
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(value)
  return entries.length <= LISTED_MAX
    ? undefined
    : { first: Object.fromEntries(entries.slice(0, LISTED_MAX)), of: entries.length }
}
