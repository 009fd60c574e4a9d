import type { Command } from 'commander'
import { refusalsOf } from '../../../api/client/older-server.ts'
import { errorTable } from '../../../core/errors.ts'
import { formatSize } from '../../../core/units.ts'
import type {
  AskedPeer,
  BroughtItem,
  FederationPeer,
  SyncReport,
} from '../../../core/wire/federation.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { formatDuration, plural, printable, short } from '../../output/format.ts'
import { failureText, refusedLines } from '../../output/hints.ts'
import { note, print, printProse, style } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { watchingPeers } from '../../output/watch-peers.ts'

/** Items of each sort that are listed; --json has all. */
const ITEMS_SHOWN = 20

/** `grove sync`: runs one round of background sync now. */
export function addSync(program: Command, context: Context): void {
  program
    .command('sync')
    .description('Ask peers for their best now, and fetch what the policy wants')
    .addHelpText('after', examples(['grove sync', "grove sync --json | jq '.fetched'"]))
    .action((_: object, command: Command) => withGrove(context, command, sync))
}

async function sync(session: CliSession): Promise<void> {
  const report = await watchingPeers(session, () =>
    session.grove.sync({}, { signal: session.signal }),
  )
  const left = await leftOut(session, report)
  const hasRefused = Object.keys(report.refused ?? {}).length > 0 && !session.json
  const refusals = hasRefused ? await refusalsOf(session.grove, { signal: session.signal }) : []
  answer(session, report, () => {
    printReport(session, report, left)
    for (const line of refusedLines(report.refused ?? {}, refusals))
      printProse(session.output, `\nnot fetched unasked: ${line}`)
  })
  if (!hasAnswer(report, left)) session.exit(errorTable['peer-unreachable'].exit)
}

/** The peers that don't answer and so weren't asked. */
async function leftOut(session: CliSession, report: SyncReport): Promise<FederationPeer[]> {
  const { peers } = await session.grove.federationPeers({}, { signal: session.signal })
  const asked = new Set(report.asked?.map(({ address }) => address))
  return peers.filter(({ address, status }) => status !== 'alive' && !asked.has(address))
}

/** Whether a peer answered, or none is known that could have. */
function hasAnswer({ peers, asked }: SyncReport, left: readonly FederationPeer[]): boolean {
  if (peers === 0) return left.length === 0
  return asked === undefined || asked.some(({ error }) => error === undefined)
}

function printReport(
  { output }: CliSession,
  report: SyncReport,
  left: readonly FederationPeer[],
): void {
  if (report.peers === 0 && left.length === 0)
    note(output, 'no peer to ask, so nothing was fetched: name one with `grove serve --peer URL`')
  if (report.peers === 0 && left.length > 0) note(output, 'no peer answers, so nothing was fetched')
  if (report.peers > 0) printProse(output, summaryLine(report))
  const { asked = [], brought = [], failed, skipped } = report
  const list = (title: string, count: number, table: Table) => {
    if (count === 0) return
    print(output, `${report.peers === 0 ? '' : '\n'}${style(output, 'bold', title)}`)
    printTable(output, table)
    if (count > ITEMS_SHOWN) print(output, `… and ${count - ITEMS_SHOWN} more`)
  }
  list('asked', asked.length, askedTable(asked))
  list('not asked', left.length, leftTable(left.slice(0, ITEMS_SHOWN)))
  list('fetched', report.fetched.length, broughtTable(brought.slice(0, ITEMS_SHOWN)))
  list('failed', failed.length, failedTable(failed.slice(0, ITEMS_SHOWN)))
  // Servers of before leave these two out.
  if ((report.evidence ?? 0) > 0)
    printProse(
      output,
      `\nsaid about what is held here: ${plural(report.evidence, 'contribution')} came`,
    )
  if (skipped.length > 0) printProse(output, `\nleft where it is: ${reasonCounts(skipped)}`)
}

/** `1 of 2 peers answered; 9 items are on offer: 5 here already, 3 fetched, 1 failed (2 MiB …)`. */
export function summaryLine(report: SyncReport): string {
  const { peers, asked = [], offered, fetched, failed, bytesMoved, requests, durationMs } = report
  const silent = asked.filter(({ error }) => error !== undefined).length
  const answered = `${peers - silent} of ${plural(peers, 'peer')} answered`
  // Servers of before don't say.
  const here = report.held === undefined ? '' : `${report.held} here already, `
  const outcome = `${here}${fetched.length} fetched, ${failed.length} failed`
  const cost = `${formatSize(bytesMoved)} in ${plural(requests, 'request')}`
  const is = offered === 1 ? 'is' : 'are'
  // What peers announced before is on offer, too.
  const offer = peers > silent ? `${is} on offer` : `${is} known from before`
  return (
    `${answered}; ${plural(offered, 'item')} ${offer}: ` +
    `${outcome} (${cost}, ${formatDuration(durationMs)})`
  )
}

/** The peers that were asked, with whatever went wrong in full. Pure. */
export function askedTable(asked: readonly AskedPeer[]): Table {
  return {
    columns: [
      { title: 'peer' },
      { title: 'offers', align: 'right' },
      { title: 'took', align: 'right', leaveOut: 1 },
      { title: 'what failed', main: 6 },
    ],
    rows: asked.map(({ address, offered, durationMs, error }) => [
      printable(address),
      String(offered),
      formatDuration(durationMs),
      error === undefined ? '' : failureText(error),
    ]),
  }
}

/** The peers that were not asked, and why. Pure. */
export function leftTable(peers: readonly FederationPeer[]): Table {
  return {
    columns: [{ title: 'peer' }, { title: 'status' }, { title: 'why', main: 6 }],
    rows: peers.map(({ address, status, record: { lastError } }) => [
      printable(address),
      status,
      lastError === undefined ? '' : failureText(lastError),
    ]),
  }
}

/** What was fetched: who made it, what it is, how large it is and where it came from. Pure. */
export function broughtTable(brought: readonly BroughtItem[]): Table {
  return {
    columns: [
      { title: 'cid' },
      { title: 'size', align: 'right' },
      { title: 'kind', leaveOut: 1 },
      { title: 'agent', min: 8 },
      { title: 'from', min: 12, leaveOut: 2 },
      { title: 'summary', min: 24, main: 2 },
    ],
    rows: brought.map(({ cid, sizeBytes, kind, agentId, address = '', summary }) => [
      short(cid),
      formatSize(sizeBytes),
      kind,
      printable(agentId),
      printable(address),
      printable(summary),
    ]),
  }
}

/** What could not be fetched, and why. Pure. */
export function failedTable(failed: SyncReport['failed']): Table {
  return {
    columns: [{ title: 'cid' }, { title: 'reason', min: 12 }, { title: 'from', min: 20, main: 2 }],
    rows: failed.map(({ cid, reason, address = '' }) => [
      short(cid),
      printable(reason),
      printable(address),
    ]),
  }
}

/** `12 held, 3 threshold`. */
function reasonCounts(items: SyncReport['skipped']): string {
  return [...Map.groupBy(items, ({ reason }) => reason)]
    .map(([reason, group]) => `${group.length} ${printable(reason)}`)
    .join(', ')
}
