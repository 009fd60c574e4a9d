import type { Command } from 'commander'
import type { GroveEvent } from '../../../core/wire/events.ts'
import { type CliSession, type Context, examples, withGrove } from '../../context.ts'
import {
  formatNumber,
  formatSize,
  formatTime,
  plural,
  printable,
  short,
} from '../../output/format.ts'
import { print, printJson, style } from '../../output/output.ts'

/** `grove events`: follow what happens. */
export function addEvents(program: Command, context: Context): void {
  program
    .command('events')
    .description('Follow what happens in a grove, until interrupted; with --json one event a line')
    .option('--after <id>', 'start with what was stored after the event of this id')
    .addHelpText(
      'after',
      examples(['grove events', 'grove events --json | jq -c \'select(.type == "contribution")\'']),
    )
    .action((options: { after?: string }, command: Command) =>
      withGrove(context, command, (session) => follow(session, options.after)),
    )
}

async function follow(session: CliSession, after: string | undefined): Promise<void> {
  const { grove, output, signal, json } = session
  for await (const event of grove.events({ signal, after })) {
    if (json) printJson(output, event, 0)
    else
      print(
        output,
        `${style(output, 'dim', formatTime(event.at))}  ${event.type.padEnd(12)}  ${describe(event)}`,
      )
  }
}

function describe(event: GroveEvent): string {
  switch (event.type) {
    case 'contribution': {
      const { local, address, peerId } = event.source
      const from = local ? '' : `  from ${printable(address ?? peerId ?? 'a peer')}`
      return `${short(event.cid)}  ${event.kind}  ${printable(event.summary)}${from}`
    }
    case 'announced':
      return `${short(event.cid)}  ${printable(event.metric)} ${formatNumber(event.value)}  by ${printable(event.peerId)}`
    case 'transfer':
      return `${short(event.hash)}  ${formatSize(event.receivedBytes)} of ${formatSize(event.sizeBytes)}${event.done ? '  done' : ''}`
    case 'fetch-failed':
      return `${short(event.cid)}  ${event.code}: ${printable(event.message)}`
    case 'peer':
      return `${printable(event.address)}  ${event.status}`
    case 'peer-fault':
      return `${printable(event.peerId)}  ${event.code}: ${printable(event.message)}`
    case 'reset':
      return `this grove's log does not have that id; what was missed is unknown`
    case 'lagged':
      return `${plural(event.dropped, 'event')} missed, because they were read too slowly`
    case 'sync':
      return `${plural(event.report.peers, 'peer')}, ${event.report.fetched.length} fetched, ${event.report.failed.length} failed`
  }
}
