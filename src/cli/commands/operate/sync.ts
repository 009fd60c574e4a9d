import type { Command } from 'commander'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { formatDuration, formatSize, plural, printable, short } from '../../output/format.ts'
import { print } from '../../output/output.ts'

/** `grove sync`: runs one round of background sync now. */
export function addSync(program: Command, context: Context): void {
  program
    .command('sync')
    .description('Ask peers for their best now, and fetch what the policy wants')
    .addHelpText('after', examples(['grove sync', "grove sync --json | jq '.fetched'"]))
    .action((_: object, command: Command) => withGrove(context, command, sync))
}

async function sync(session: CliSession): Promise<void> {
  const report = await session.grove.sync({}, { signal: session.signal })
  answer(session, report, () => {
    const { output } = session
    const { fetched, skipped, failed } = report
    const offered = `${plural(report.peers, 'peer')} offered ${plural(report.offered, 'item')}`
    const requests = `${plural(report.requests, 'request')}, ${formatDuration(report.durationMs)}`
    const moved = `${formatSize(report.bytesMoved)} in ${requests}`
    const outcome = `${fetched.length} fetched, ${skipped.length} skipped, ${failed.length} failed`
    print(output, `${offered}: ${outcome} (${moved})`)
    for (const cid of fetched) print(output, `  fetched  ${short(cid)}`)
    for (const { cid, reason } of skipped)
      print(output, `  skipped  ${short(cid)}  ${printable(reason)}`)
    for (const { cid, reason } of failed)
      print(output, `  failed   ${short(cid)}  ${printable(reason)}`)
  })
}
