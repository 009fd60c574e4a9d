import type { Command } from 'commander'
import type { Proof } from '../../../core/peers/peer-record.ts'
import type { FederationPeer } from '../../../core/wire/federation.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import {
  arrow,
  formatNumber,
  formatSize,
  formatTime,
  printable,
  short,
} from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'

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
  answer(session, found, () => {
    if (found.peers.length === 0)
      return note(session.output, 'no peers: name one to start from with `grove serve --peer URL`')
    const rows = found.peers.map(({ peerId, address, status, seed, lastSeen, record }) => [
      printable(address),
      status,
      seed ? 'seed' : '',
      lastSeen === undefined ? 'never' : formatTime(lastSeen),
      record.trust.toFixed(2),
      `${record.confirmed}/${record.contradicted}`,
      formatSize(record.bytesGood),
      formatSize(record.bytesBad),
      printable(
        record.lastError === undefined
          ? ''
          : `${record.lastError.code}: ${record.lastError.message}`,
      ),
      peerId === address ? '' : printable(peerId),
    ])
    const columns = [
      { title: 'address' },
      { title: 'status' },
      { title: '' },
      { title: 'answered' },
      { title: 'trust', align: 'right' as const },
      { title: 'advertised right/wrong', align: 'right' as const },
      { title: 'bytes good', align: 'right' as const },
      { title: 'bad', align: 'right' as const },
      { title: 'last error', flexible: true },
      { title: 'id', flexible: true },
    ]
    printTable(session.output, columns, rows)
    if (withProofs) for (const peer of found.peers) printProofs(session, peer)
  })
}

/** What the peer advertised and what the manifests say: whoever holds them can check it. */
function printProofs({ output }: CliSession, { address, record }: FederationPeer): void {
  if (record.proofs.length === 0) return
  print(
    output,
    `\n${style(output, 'bold', `contradicted advertisements of ${printable(address)}`)}`,
  )
  const rows = record.proofs.map(({ at, cid, metric, advertised, actual }) => [
    formatTime(at),
    short(cid),
    printable(metric),
    said(advertised),
    actual === undefined ? 'no such score' : said(actual),
  ])
  printTable(
    output,
    [
      { title: 'when' },
      { title: 'cid' },
      { title: 'metric', flexible: true },
      { title: 'advertised' },
      { title: 'in fact' },
    ],
    rows,
  )
}

function said({ value, direction }: Proof['advertised']): string {
  return `${formatNumber(value)} ${arrow(direction)}`
}
