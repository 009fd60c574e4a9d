import type { Command } from 'commander'
import { latest } from '../../../api/client/latest.ts'
import { isReproduced } from '../../../core/contribution/relation.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { addFilters, type FilterOptions, filterFrom } from '../../filters.ts'
import { readLimit, readOffset } from '../../options.ts'
import { plural, printable, scoreForms, short } from '../../output/format.ts'
import { note } from '../../output/output.ts'
import { type Cell, printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'
import { cutText } from '../../output/width.ts'

interface LogOptions extends FilterOptions {
  readonly limit: number
  readonly offset: number
}

/** `grove log`: lists contributions, newest first. */
export function addLog(program: Command, context: Context): void {
  const command = program
    .command('log')
    .description('List contributions, newest first')
    .option('-n, --limit <count>', 'rows to show', readLimit, 20)
    .option('--offset <count>', 'rows to skip, newest first', readOffset, 0)
  addFilters(command)
    .addHelpText(
      'after',
      examples([
        'grove log',
        'grove log --kind review --tag lm',
        "grove log --json | jq -r '.[].cid'",
      ]),
    )
    .action((options: LogOptions, self: Command) =>
      withGrove(context, self, (session) => log(session, options)),
    )
}

async function log(session: CliSession, options: LogOptions): Promise<void> {
  const { limit, offset } = options
  const { items, total } = await latest(
    session.grove,
    filterFrom(options),
    { limit, offset },
    { signal: session.signal },
  )
  answer(session, items, () => {
    if (items.length === 0 && total > 0)
      return note(
        session.output,
        `there are only ${plural(total, 'contribution')}: ask for a lower --offset`,
      )
    printContributions(session, items)
    if (items.length < total)
      note(
        session.output,
        `${items.length} of ${plural(total, 'contribution')}: see more with --limit and --offset`,
      )
  })
}

type Listed = Pick<
  ContributionView,
  'cid' | 'createdAt' | 'kind' | 'agent' | 'scores' | 'summary'
> &
  Partial<Pick<ContributionView, 'relations'>>

/** Prints a table of contributions. */
export function printContributions({ output, clock }: CliSession, items: readonly Listed[]): void {
  if (items.length === 0) note(output, 'no contributions')
  else printTable(output, contributionTable(items, momentsIn(output, clock)))
}

/** Contributions as a table. Pure. */
export function contributionTable(
  items: readonly Listed[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'cid' },
      { title: 'when', leaveOut: 1 },
      { title: 'kind', min: 12 },
      { title: 'agent', min: 6, leaveOut: 3 },
      { title: 'scores', min: 18, leaveOut: 2 },
      { title: 'summary', min: 20, main: 2 },
    ],
    rows: items.map(({ cid, createdAt, kind, relations, agent, scores, summary }) => [
      short(cid),
      moment(createdAt),
      kindText(kind, relations),
      printable(agent.agentId),
      scoreForms(scores),
      printable(summary),
    ]),
  }
}

/** The kind; of a reproduction that did not succeed, what came of it. */
function kindText(kind: Listed['kind'], relations: Listed['relations'] = []): Cell {
  const failed = relations.find(
    ({ relationType, metadata }) => relationType === 'reproduces' && !isReproduced(metadata),
  )
  const result = failed?.metadata?.['result']
  if (kind !== 'reproduction' || result === undefined) return kind
  const said = cutText(typeof result === 'string' ? printable(result) : 'challenged', RESULT_WIDTH)
  return [`${kind}: ${said}`, `repro: ${said}`]
}

/** Columns of a result: its words are short, unless an author made up one of their own. */
const RESULT_WIDTH = 12
