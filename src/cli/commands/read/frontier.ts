import type { Command } from 'commander'
import { orWithoutNewer } from '../../../api/client/older-server.ts'
import { bySignal, rankingNamed, requireMetric, shownName } from '../../../api/client/rankings.ts'
import { operations } from '../../../api/operations/table.ts'
import type { Direction } from '../../../core/contribution/schema.ts'
import { type SignalMetric, signalNamed } from '../../../core/ranking/frontier.ts'
import type { FrontierAnswer, FrontierEntry } from '../../../core/wire/frontier.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { addFilters, filterFrom } from '../../filters.ts'
import { limitOption } from '../../options.ts'
import { noteCaveats } from '../../output/caveats.ts'
import { arrow, numberFormat, printable, short } from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'
import { BEST_BY_MIN, type FederatedOptions, federated } from './federated.ts'
import { addBehind, behindFrom, grovesColumn } from './groves.ts'

interface FrontierOptions extends FederatedOptions {
  readonly federated?: boolean
  readonly metrics: number
  readonly after?: string
}

/** `grove frontier`: ranks the best work in every dimension. */
export function addFrontier(program: Command, context: Context): void {
  const command = program
    .command('frontier')
    .description(
      'Show the best work: by each metric, by adoption, review, reproduction and recency; ' +
        'with --metric or --limit, whole rankings; with --kind, what is of another kind',
    )
    .option('--federated', 'the best known in any grove, held here or only advertised by peers')
    .option(
      '--metric <name>',
      'the whole ranking by this metric, or by adoption, review, reproduction or recency',
    )
    .addOption(limitOption('rows of each ranking', operations.frontier.input.shape.limit))
    .addOption(
      limitOption('metrics to show', operations.frontier.input.shape.metrics, '--metrics <count>'),
    )
    .option('--after <metric>', 'only metrics after this one, by name')
  addFilters(addBehind(command))
    .addHelpText(
      'after',
      examples([
        'grove frontier',
        'grove frontier --metric val_bpb --limit 3',
        'grove frontier --federated',
        'grove frontier --tag lm --json',
        'grove frontier --metric val_bpb --min-origins 2',
      ]),
    )
    .action((given: Omit<FrontierOptions, 'whole'>, self: Command) => {
      const whole = given.metric !== undefined || self.getOptionValueSource('limit') === 'cli'
      const options = { ...given, whole }
      return withGrove(context, self, (session) =>
        options.federated === true ? federated(session, options) : local(session, options),
      )
    })
}

async function local(session: CliSession, options: FrontierOptions): Promise<void> {
  const { metric, limit, whole, metrics, after } = options
  const query = {
    kind: 'work' as const,
    ...filterFrom(options),
    ...behindFrom(options),
    limit,
    ...(metric === undefined ? {} : { metric }),
    ...(after === undefined ? {} : { after }),
  }
  const { grove, signal } = session
  const frontier = await orWithoutNewer((isNewer) =>
    grove.frontier(
      { ...query, ...(isNewer && { metrics, directions: true, origins: true }) },
      { signal },
    ),
  )
  if (metric !== undefined && rankingNamed(frontier, metric).length === 0)
    await requireMetric(grove, { metric, kind: query.kind }, { signal })
  answer(session, frontier, () => {
    const rankings = rankingsOf(frontier, metric, momentsIn(session.output, session.clock))
    if (rankings.length === 0) return note(session.output, nothingRanked(options))
    if (whole) for (const ranking of rankings) printRanking(session, ranking)
    else printOverview(session, rankings)
    noteCaveats(session.output, frontier)
    if (frontier.nextAfter !== undefined)
      note(session.output, `more metrics follow: --after '${printable(frontier.nextAfter)}'`)
  })
}

/** One ranking, with its values as they are shown. */
export interface ShownRanking {
  readonly title: string
  readonly entries: readonly FrontierEntry[]
  readonly format: (value: number) => string
}

function rankingsOf(
  frontier: FrontierAnswer,
  asked: string | undefined,
  moment: (timestamp: string) => string,
): ShownRanking[] {
  const { byMetric, directions = {} } = frontier
  const rankings = [
    ...Object.entries(byMetric).map(([name, entries]) => {
      const direction = Object.hasOwn(directions, name) ? directions[name] : undefined
      return rankingOf(directed(printable(name), direction), entries)
    }),
    ...signalsShown(frontier, asked).map(([signal, entries]) => {
      const ranking = rankingOf(directed(shownName(signal), 'maximize'), entries)
      if (signal !== '_recency') return ranking
      return { ...ranking, format: (value: number) => moment(new Date(value).toISOString()) }
    }),
  ]
  return rankings.filter(({ entries }) => entries.length > 0)
}

/** All signals, or only the one that is asked for, unless a metric has its name. */
function signalsShown(
  frontier: FrontierAnswer,
  asked: string | undefined,
): [SignalMetric, readonly FrontierEntry[]][] {
  const all = Object.entries(bySignal(frontier)) as [SignalMetric, readonly FrontierEntry[]][]
  if (asked === undefined) return all
  const signal = Object.hasOwn(frontier.byMetric, asked) ? undefined : signalNamed(asked)
  return all.filter(([name]) => name === signal)
}

/** A name with the direction that is better. Servers of before don't say that of metrics. */
function directed(name: string, direction: Direction | undefined): string {
  return direction === undefined ? name : `${name} ${arrow(direction)}`
}

function rankingOf(title: string, entries: readonly FrontierEntry[]): ShownRanking {
  return { title, entries, format: numberFormat(entries.map(({ value }) => value)) }
}

/** Where nothing of what was asked for is ranked, though the metric is one. */
function nothingRanked({ metric, after, ...options }: FrontierOptions): string {
  if (after !== undefined) return `there is no metric after ${printable(after)}`
  const isFiltered = Object.keys({ ...filterFrom(options), ...behindFrom(options) }).length > 0
  if (isFiltered) return `nothing that matches is ranked${metric ? ` by ${metric}` : ' here'}`
  return metric === undefined ? 'nothing is ranked here yet' : `nothing is ranked by ${metric} yet`
}

function printOverview({ output }: CliSession, rankings: readonly ShownRanking[]): void {
  printTable(output, overviewTable(rankings))
  note(output, 'the best of each; --metric NAME ranks by one, --limit COUNT shows so many of each')
}

function printRanking({ output }: CliSession, ranking: ShownRanking): void {
  print(output, style(output, 'bold', ranking.title))
  printTable(output, rankingTable(ranking))
  print(output, '')
}

/** The best of each ranking, a row each. Pure. */
export function overviewTable(rankings: readonly ShownRanking[]): Table {
  return {
    columns: [
      { title: 'best by', min: BEST_BY_MIN },
      { title: 'value', align: 'right' },
      { title: 'cid' },
      { title: 'agent', min: 8, leaveOut: 1 },
      { title: 'summary', min: 24, main: 2 },
    ],
    rows: rankings.flatMap(({ title, entries: [best], format }) =>
      best === undefined
        ? []
        : [
            [
              title,
              format(best.value).trimEnd(),
              short(best.cid),
              printable(best.agentId),
              printable(best.summary),
            ],
          ],
    ),
  }
}

/** One ranking, best first. Pure. */
export function rankingTable({ entries, format }: ShownRanking): Table {
  const groves = grovesColumn(entries)
  return {
    columns: [
      { title: '#', align: 'right' },
      { title: 'value', align: 'right' },
      { title: 'cid' },
      { title: 'kind', leaveOut: 2 },
      ...groves.columns,
      { title: 'agent', min: 8, leaveOut: 1 },
      { title: 'summary', min: 24, main: 2 },
    ],
    rows: entries.map((entry, index) => [
      String(index + 1),
      format(entry.value),
      short(entry.cid),
      entry.kind,
      ...groves.cells(entry),
      printable(entry.agentId),
      printable(entry.summary),
    ]),
  }
}
