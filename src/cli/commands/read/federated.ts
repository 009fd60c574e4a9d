import { orWithoutNewer } from '../../../api/client/older-server.ts'
import { shownName, unknownMetric } from '../../../api/client/rankings.ts'
import { GroveError } from '../../../core/errors.ts'
import { dimensionKey, isSignalMetric, signalNamed } from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type { FederatedEntry } from '../../../core/wire/frontier.ts'
import { answer, type CliSession } from '../../context.ts'
import { type FilterOptions, filterFrom } from '../../filters.ts'
import { noteCaveats } from '../../output/caveats.ts'
import { arrow, numberFormat, printable, short } from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'
import { type Cell, printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'
import { type BehindOptions, behindFrom, grovesColumn } from './groves.ts'

export interface FederatedOptions extends FilterOptions, BehindOptions {
  readonly metric?: string
  readonly limit: number
  /** Whole rankings; otherwise the best of each. */
  readonly whole: boolean
}

/** `grove frontier --federated`: the best that is known in any grove. */
export async function federated(session: CliSession, options: FederatedOptions): Promise<void> {
  refuseOtherFilters(options)
  const { grove, signal } = session
  const { entries, ...caveats } = await orWithoutNewer((isNewer) =>
    grove.federatedFrontier(
      { ...(isNewer && { origins: true }), ...behindFrom(options) },
      { signal },
    ),
  )
  const { metric, tag: tags = [] } = options
  const named = entriesNamed(entries, metric)
  const chosen = named.filter((entry) => tags.every((tag) => entry.tags?.includes(tag) === true))
  const rankings = [...Map.groupBy(chosen.toSorted(bySort), dimensionKey).values()].map((group) =>
    believedFirst(group, options.limit),
  )
  answer(session, { entries: rankings.flat(), ...caveats }, () => {
    if (rankings.length === 0) return note(session.output, nothingKnown(options))
    const moment = momentsIn(session.output, session.clock)
    if (options.whole) for (const ranking of rankings) printRanking(session, ranking, moment)
    else printOverview(session, rankings, moment)
    noteCaveats(session.output, caveats)
  })
}

/** In the order of the local frontier: metrics by name, then signals. Equal ones keep theirs. */
function bySort(a: FederatedEntry, b: FederatedEntry): number {
  const [first, second] = [a, b].map(({ metric }) => SIGNALS.indexOf(metric))
  return first === second ? compareText(a.metric, b.metric) : (first ?? 0) - (second ?? 0)
}

const SIGNALS = ['_adoption', '_review_score', '_reproduction', '_recency']

function printOverview(
  { output }: CliSession,
  rankings: readonly (readonly FederatedEntry[])[],
  moment: (timestamp: string) => string,
): void {
  printTable(output, federatedOverviewTable(rankings, moment))
  note(output, 'the best of each; --metric NAME ranks by one, --limit COUNT shows so many of each')
}

function printRanking(
  { output }: CliSession,
  entries: readonly FederatedEntry[],
  moment: (timestamp: string) => string,
): void {
  const [first] = entries
  if (first !== undefined) print(output, style(output, 'bold', titleOf(first)))
  printTable(output, federatedTable(entries, moment))
  print(output, '')
}

const columns: Table['columns'] = [
  { title: 'value', align: 'right' },
  { title: 'cid' },
  { title: 'level', leaveOut: 1 },
  { title: 'where', min: 12, leaveOut: 2 },
  { title: 'agent', min: 8, leaveOut: 3 },
  { title: 'summary', min: 20, main: 2 },
]

/** Room for the longest name of a signal with its arrow. */
export const BEST_BY_MIN = 14

/** The best of each dimension, a row each: verified where there is such a one. Pure. */
export function federatedOverviewTable(
  rankings: readonly (readonly FederatedEntry[])[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [{ title: 'best by', min: BEST_BY_MIN }, ...columns],
    rows: rankings.flatMap((entries) => {
      const [best] = entries
      if (best === undefined) return []
      const [value = '', ...others] = cellsOf(best, valueFormat(entries, moment))
      return [[titleOf(best), typeof value === 'string' ? value.trimEnd() : value, ...others]]
    }),
  }
}

/** One dimension. `?` stands for the rank of what is only advertised. Pure. */
export function federatedTable(
  entries: readonly FederatedEntry[],
  moment: (timestamp: string) => string,
): Table {
  const format = valueFormat(entries, moment)
  const groves = grovesColumn(entries)
  return {
    columns: [{ title: '#', align: 'right' }, ...columns, ...groves.columns],
    rows: entries.map((entry, index) => [
      entry.level === 'advertised' ? '?' : String(index + 1),
      ...cellsOf(entry, format),
      ...groves.cells(entry),
    ]),
  }
}

/** How the values of a ranking are written. */
function valueFormat(
  entries: readonly FederatedEntry[],
  moment: (timestamp: string) => string,
): (value: number) => string {
  return entries[0]?.metric === '_recency'
    ? (value) => moment(new Date(value).toISOString())
    : numberFormat(entries.map(({ value }) => value))
}

function cellsOf(entry: FederatedEntry, format: (value: number) => string): Cell[] {
  const { value, cid, level, agentId = '', summary = '' } = entry
  return [format(value), short(cid), level, placesOf(entry), printable(agentId), printable(summary)]
}

/** Where an entry is: here, or at the peers that advertise it. */
function placesOf({ held, providers }: FederatedEntry): Cell {
  if (held) return 'here'
  const addresses = providers.map(({ address }) => printable(address))
  return addresses.length < 2
    ? (addresses[0] ?? 'unknown')
    : addresses.map((_, index) => {
        const shown = addresses.slice(0, addresses.length - index)
        const others = addresses.length - shown.length
        return `${shown.join(', ')}${others === 0 ? '' : ` +${others}`}`
      })
}

function nothingKnown({ metric, tag, ...options }: FederatedOptions): string {
  if (Object.keys(behindFrom(options)).length > 0) return 'nothing of the kind is held here'
  if (tag !== undefined) return 'nothing that is known anywhere has these tags'
  return metric === undefined
    ? 'nothing is known of any grove yet'
    : `nothing is known anywhere that is ranked by ${metric}`
}

/**
 * The entries of a metric, else of the signal that a name means; without a name all. Throws
 * `not-found`, with the names that there are, for one that nothing is known of.
 */
function entriesNamed(
  entries: readonly FederatedEntry[],
  name: string | undefined,
): readonly FederatedEntry[] {
  if (name === undefined) return entries
  const own = entries.filter(({ metric }) => metric === name)
  if (own.length > 0) return own
  const signal = signalNamed(name)
  if (signal !== undefined) return entries.filter(({ metric }) => metric === signal)
  const metrics = new Set(entries.map(({ metric }) => metric))
  throw unknownMetric(
    name,
    [...metrics].filter((metric) => !isSignalMetric(metric)),
  )
}

function titleOf({ metric, direction }: FederatedEntry): string {
  return `${printable(shownName(metric))} ${arrow(direction)}`
}

/** Digests carry only metric and tags: nothing else can be filtered by. */
function refuseOtherFilters(options: FederatedOptions): void {
  const { tags: _, ...others } = filterFrom(options)
  const [name] = Object.keys(others)
  if (name === undefined) return
  const message = `groves advertise only metrics and tags: --federated can't filter by ${name}`
  throw new GroveError('usage-error', {}, { message })
}

/**
 * At most `limit` entries: verified ones first, then what is only advertised, however good it is
 * said to be. Where both are too many, each gets half.
 */
export function believedFirst(entries: readonly FederatedEntry[], limit: number): FederatedEntry[] {
  const [believed, advertised] = [false, true].map((isAdvertised) =>
    best(entries.filter(({ level }) => (level === 'advertised') === isAdvertised)),
  ) as [FederatedEntry[], FederatedEntry[]]
  const half = Math.floor(limit / 2)
  const verified = believed.slice(0, Math.max(limit - advertised.length, limit - half))
  return [...verified, ...advertised.slice(0, limit - verified.length)]
}

function best(entries: readonly FederatedEntry[]): FederatedEntry[] {
  const sign = entries[0]?.direction === 'minimize' ? 1 : -1
  return entries.toSorted((a, b) => sign * (a.value - b.value))
}
