import type { Command } from 'commander'
import type { Proof } from '../../../core/peers/peer-record.ts'
import { formatSize } from '../../../core/units.ts'
import type { FederationPeer } from '../../../core/wire/federation.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { arrow, formatNumber, printable, short } from '../../output/format.ts'
import { failureText } from '../../output/hints.ts'
import { note, print, style } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'

/** `grove peers`: lists the peers and their records. */
export function addPeers(program: Command, context: Context): void {
  program
    .command('peers')
    .description(
      'List the groves that this one knows: whether they answer, and whether what they ' +
        'advertised and sent was right',
    )
    .option('--proofs', 'also show which advertisements the manifests contradict')
    .addHelpText('after', examples(['grove peers', 'grove peers --proofs', 'grove peers --json']))
    .action((options: { readonly proofs?: boolean }, command: Command) =>
      withGrove(context, command, (session) => peers(session, options.proofs === true)),
    )
}

async function peers(session: CliSession, withProofs: boolean): Promise<void> {
  const found = await session.grove.federationPeers({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.peers.length === 0)
      return note(output, 'no peers: name one to start from with `grove serve --peer URL`')
    const moment = momentsIn(output, clock)
    printTable(output, peersTable(found.peers, moment))
    if (withProofs) for (const peer of found.peers) printProofs(session, peer, moment)
  })
}

/** The peers, with whatever is wrong with each in full. Pure. */
export function peersTable(
  peers: readonly FederationPeer[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'address' },
      { title: 'status' },
      { title: 'answered', leaveOut: 1 },
      { title: 'trust (0 to 1)', align: 'right', leaveOut: 3 },
      { title: 'right/wrong', align: 'right', leaveOut: 4 },
      { title: 'bytes good', align: 'right', leaveOut: 5 },
      { title: 'bad', align: 'right', leaveOut: 6 },
      { title: 'id', leaveOut: 7 },
      { title: 'last error', main: ERROR_LINES },
    ],
    rows: peers.map(({ peerId, address, status, seed, lastSeen, record }) => [
      printable(address),
      seed ? `${status}, seed` : status,
      lastSeen === undefined ? 'never' : moment(lastSeen),
      record.trust.toFixed(2),
      `${record.confirmed}/${record.contradicted}`,
      formatSize(record.bytesGood),
      record.bytesBad === 0 ? '' : formatSize(record.bytesBad),
      peerId === address ? '' : printable(peerId),
      errorOf(record.lastError, status),
    ]),
  }
}

/** Lines that a peer's last error may take. */
const ERROR_LINES = 6

function errorOf(
  error: FederationPeer['record']['lastError'],
  status: FederationPeer['status'],
): string {
  if (error === undefined)
    return status === 'alive' || status === 'unknown' ? '' : 'it does not answer'
  return failureText(error)
}

/** What the peer advertised and what the manifests say: whoever holds them can check it. */
function printProofs(
  { output }: CliSession,
  { address, record }: FederationPeer,
  moment: (timestamp: string) => string,
): void {
  if (record.proofs.length === 0) return
  const title = `contradicted advertisements of ${printable(address)}`
  print(output, `\n${style(output, 'bold', title)}`)
  printTable(output, proofsTable(record.proofs, moment))
}

/** Advertisements that a manifest contradicts. Pure. */
export function proofsTable(
  proofs: readonly Proof[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'when', leaveOut: 1 },
      { title: 'cid' },
      { title: 'metric', min: 8, main: 2 },
      { title: 'advertised' },
      { title: 'in fact' },
    ],
    rows: proofs.map(({ at, cid, metric, advertised, actual }) => [
      moment(at),
      short(cid),
      printable(metric),
      said(advertised),
      actual === undefined ? 'no such score' : said(actual),
    ]),
  }
}

function said({ value, direction }: Proof['advertised']): string {
  return `${formatNumber(value)} ${arrow(direction)}`
}
