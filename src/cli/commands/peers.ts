import type { Command } from 'commander'
import { answer, type Context, examples, type Session, withGrove } from '../context.ts'
import { formatSize, formatTime, printable } from '../format.ts'
import { note } from '../output.ts'
import { printTable } from '../table.ts'

/** `grove peers`: who is there, and how they have proved. */
export function addPeers(program: Command, context: Context): void {
  program
    .command('peers')
    .description('List the groves that this one knows, whether they answer, and how their claims and bytes proved')
    .addHelpText('after', examples(['grove peers', 'grove peers --json']))
    .action((_: object, command: Command) => withGrove(context, command, peers))
}

async function peers(session: Session): Promise<void> {
  const found = await session.grove.federationPeers({}, { signal: session.signal })
  answer(session, found, () => {
    if (found.peers.length === 0)
      return note(session.output, 'no peers: `grove serve --peer URL` names one to start from')
    const rows = found.peers.map(({ peerId, address, status, seed, lastSeen, record }) => [
      printable(address),
      status,
      seed ? 'seed' : '',
      lastSeen === undefined ? 'never' : formatTime(lastSeen),
      `${record.claimsKept}/${record.claimsBroken}`,
      formatSize(record.bytesGood),
      formatSize(record.bytesBad),
      printable(record.lastError === undefined ? '' : `${record.lastError.code}: ${record.lastError.message}`),
      peerId === address ? '' : printable(peerId),
    ])
    const columns = [
      { title: 'address' },
      { title: 'status' },
      { title: '' },
      { title: 'answered' },
      { title: 'claims kept/broken', align: 'right' as const },
      { title: 'bytes good', align: 'right' as const },
      { title: 'bad', align: 'right' as const },
      { title: 'last error', flexible: true },
      { title: 'id', flexible: true },
    ]
    printTable(session.output, columns, rows)
  })
}
