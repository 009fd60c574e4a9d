import type { Command } from 'commander'
import { operations } from '../../../api/operations/table.ts'
import { GroveError } from '../../../core/errors.ts'
import type { FederatedEntry, FrontierAnswer, FrontierEntry } from '../../../core/wire/frontier.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { addFilters, type FilterOptions, filterFrom } from '../../filters.ts'
import { limitOption } from '../../options.ts'
import { arrow, formatNumber, formatTime, plural, printable, short } from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'

interface FrontierOptions extends FilterOptions {
  readonly federated?: boolean
  readonly metric?: string
  readonly limit: number
  readonly metrics: number
  readonly after?: string
}

/** `grove frontier`: ranks the best work in every dimension. */
export function addFrontier(program: Command, context: Context): void {
  const command = program
    .command('frontier')
    .description(
      'Rank the best work: by each metric, by adoption, review, reproduction and recency; ' +
        'with --kind, what is of another kind',
    )
    .option('--federated', 'the best known in any grove, held here or only advertised by peers')
    .option('--metric <name>', 'only this metric')
    .addOption(limitOption('rows of each ranking', operations.frontier.input.shape.limit))
  command
    .addOption(
      limitOption('metrics to show', operations.frontier.input.shape.metrics, '--metrics <count>'),
    )
    .option('--after <metric>', 'only metrics after this one, by name')
  addFilters(command)
    .addHelpText(
      'after',
      examples([
        'grove frontier',
        'grove frontier --metric val_bpb --limit 3',
        'grove frontier --federated',
        'grove frontier --tag lm --json',
      ]),
    )
    .action((options: FrontierOptions, self: Command) =>
      withGrove(context, self, (session) =>
        options.federated === true ? federated(session, options) : local(session, options),
      ),
    )
}

async function local(session: CliSession, options: FrontierOptions): Promise<void> {
  const { metric, limit, metrics, after } = options
  const query = {
    kind: 'work' as const,
    ...filterFrom(options),
    limit,
    metrics,
    ...(metric === undefined ? {} : { metric }),
    ...(after === undefined ? {} : { after }),
  }
  const frontier = await session.grove.frontier(query, { signal: session.signal })
  answer(session, frontier, () => {
    const rankings = rankingsOf(frontier, metric)
    for (const [title, entries, format] of rankings) printRanking(session, title, entries, format)
    noteCaveats(session, frontier)
    if (frontier.nextAfter !== undefined)
      note(session.output, `more metrics follow: --after '${printable(frontier.nextAfter)}'`)
    if (rankings.length === 0)
      note(
        session.output,
        metric === undefined ? 'nothing is ranked here yet' : `nothing here has a score ${metric}`,
      )
  })
}

/** What the rankings don't show by themselves. */
function noteCaveats(
  { output }: CliSession,
  { leftOut = [], mixedUnits = [] }: Pick<FrontierAnswer, 'leftOut' | 'mixedUnits'>,
): void {
  for (const { metric, direction, works } of leftOut) {
    const how = direction === 'minimize' ? 'minimised' : 'maximised'
    note(output, `left out: ${plural(works, 'work')} in which ${printable(metric)} is ${how}`)
  }
  for (const { metric, units } of mixedUnits) {
    const counts = units.map(
      ({ unit, works }) => `${unit === undefined ? 'none' : printable(unit)} (${works})`,
    )
    note(output, `${printable(metric)} ranks values in units that differ: ${counts.join(', ')}`)
  }
}

type NamedRanking = readonly [
  title: string,
  entries: readonly FrontierEntry[],
  format: (value: number) => string,
]

function rankingsOf(frontier: FrontierAnswer, metric: string | undefined): NamedRanking[] {
  const metrics = Object.entries(frontier.byMetric).map(
    ([name, entries]): NamedRanking => [printable(name), entries, formatNumber],
  )
  const signals: NamedRanking[] = [
    ['adoption', frontier.byAdoption, formatNumber],
    ['review score', frontier.byReviewScore, formatNumber],
    ['reproduction', frontier.byReproduction, formatNumber],
    ['recency', frontier.byRecency, (value) => formatTime(new Date(value).toISOString())],
  ]
  return [...metrics, ...(metric === undefined ? signals : [])].filter(
    ([, entries]) => entries.length > 0,
  )
}

function printRanking(
  { output }: CliSession,
  title: string,
  entries: readonly FrontierEntry[],
  format: (value: number) => string,
): void {
  print(output, style(output, 'bold', title))
  const rows = entries.map((entry, index) => [
    String(index + 1),
    short(entry.cid),
    format(entry.value),
    printable(entry.agentId),
    entry.kind,
    printable(entry.summary),
  ])
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'cid' },
    { title: 'value', align: 'right' as const },
    { title: 'agent', flexible: true },
    { title: 'kind' },
    { title: 'summary', flexible: true },
  ]
  printTable(output, columns, rows)
  print(output, '')
}

async function federated(session: CliSession, options: FrontierOptions): Promise<void> {
  refuseOtherFilters(options)
  const { entries, ...caveats } = await session.grove.federatedFrontier(
    {},
    { signal: session.signal },
  )
  const tags = options.tag ?? []
  const chosen = entries.filter(
    (entry) =>
      (options.metric ?? entry.metric) === entry.metric &&
      tags.every((tag) => entry.tags?.includes(tag) === true),
  )
  const groups = [
    ...Map.groupBy(chosen, (entry) => `${entry.metric} ${arrow(entry.direction)}`),
  ].map(([title, group]) => [title, believedFirst(group, options.limit)] as const)
  answer(session, { entries: groups.flatMap(([, group]) => group), ...caveats }, () => {
    for (const [title, group] of groups) printFederated(session, title, group)
    noteCaveats(session, caveats)
    if (groups.length === 0) note(session.output, 'nothing is known of other groves yet')
  })
}

/** Digests carry only metric and tags: nothing else can be filtered by. */
function refuseOtherFilters(options: FrontierOptions): void {
  const { tags: _, ...others } = filterFrom(options)
  const [name] = Object.keys(others)
  if (name === undefined) return
  const message = `groves advertise only metrics and tags: --federated can't filter by ${name}`
  throw new GroveError('usage-error', {}, { message })
}

/**
 * Verified entries first; what is only advertised comes after them, however good it is said to be.
 */
function believedFirst(entries: readonly FederatedEntry[], limit: number): FederatedEntry[] {
  const [believed, advertised] = [false, true].map((isAdvertised) =>
    entries.filter(({ level }) => (level === 'advertised') === isAdvertised),
  ) as [FederatedEntry[], FederatedEntry[]]
  return [...best(believed, limit), ...best(advertised, limit)]
}

function best(entries: readonly FederatedEntry[], limit: number): FederatedEntry[] {
  const sign = entries[0]?.direction === 'minimize' ? 1 : -1
  return entries.toSorted((a, b) => sign * (a.value - b.value)).slice(0, limit)
}

function printFederated(
  { output }: CliSession,
  title: string,
  entries: readonly FederatedEntry[],
): void {
  print(output, style(output, 'bold', printable(title)))
  const rows = entries.map((entry, index) => [
    entry.level === 'advertised' ? '?' : String(index + 1),
    short(entry.cid),
    entry.metric === '_recency'
      ? formatTime(new Date(entry.value).toISOString())
      : formatNumber(entry.value),
    entry.level,
    entry.held ? 'here' : 'elsewhere',
    entry.providers.map((provider) => printable(provider.address)).join(', '),
  ])
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'cid' },
    { title: 'value', align: 'right' as const },
    { title: 'level' },
    { title: 'held' },
    { title: 'advertised by', flexible: true },
  ]
  printTable(output, columns, rows)
  print(output, '')
}
