import type { Command } from 'commander'
import { latest } from '../../../api/client/latest.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { addFilters, type FilterOptions, filterFrom } from '../../filters.ts'
import { readLimit, readOffset } from '../../options.ts'
import { formatScores, formatTime, plural, printable, short } from '../../output/format.ts'
import { note } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'

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
    printContributions(session, items)
    if (items.length < total)
      note(
        session.output,
        `${items.length} of ${plural(total, 'contribution')}: see more with --limit and --offset`,
      )
  })
}

/** Prints a table of contributions. */
export function printContributions(
  { output }: CliSession,
  items: readonly Pick<
    ContributionView,
    'cid' | 'createdAt' | 'kind' | 'agent' | 'scores' | 'summary'
  >[],
): void {
  if (items.length === 0) {
    note(output, 'no contributions')
    return
  }
  const rows = items.map((item) => [
    short(item.cid),
    formatTime(item.createdAt),
    item.kind,
    printable(item.agent.agentId),
    formatScores(item.scores),
    printable(item.summary),
  ])
  const columns = [
    { title: 'cid' },
    { title: 'created' },
    { title: 'kind' },
    { title: 'agent', flexible: true },
    { title: 'scores', flexible: true },
    { title: 'summary', flexible: true },
  ]
  printTable(output, columns, rows)
}
