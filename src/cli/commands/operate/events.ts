import type { Command } from 'commander'
import { GroveError } from '../../../core/errors.ts'
import { formatSize } from '../../../core/units.ts'
import type { GroveEvent } from '../../../core/wire/events.ts'
import { type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { formatNumber, plural, printable, short } from '../../output/format.ts'
import { note, type Output, print, printJson, style, widthOf } from '../../output/output.ts'
import { formatClock, formatTime } from '../../output/time.ts'
import { wrapText } from '../../output/width.ts'

/** `grove events`: follows what happens. */
export function addEvents(program: Command, context: Context): void {
  program
    .command('events')
    .description('Follow what happens in a grove, until interrupted; with --json, one event a line')
    .option('--after <id>', 'begin with the contributions stored since the event with this id')
    .addHelpText(
      'after',
      examples([
        'grove events',
        'grove events --json | jq -c \'select(.type == "contribution")\'',
        'grove events --json --after 4f0c9a1be2d37758:1042',
      ]),
    )
    .action((options: { after?: string }, command: Command) =>
      withGrove(context, command, (session) => follow(session, options.after)),
    )
}

async function follow(session: CliSession, after: string | undefined): Promise<void> {
  const { grove, output, signal, json, place } = session
  if (!json && output.notes.isTTY === true) {
    // Whatever is wrong with the address shows before the note says that all is well.
    await grove.grove({}, { signal })
    note(output, `following ${place}; Ctrl-C ends it`)
  }
  for await (const event of grove.events({ signal, after })) {
    if (json) printJson(output, event, 0)
    else for (const line of linesOf(output, event)) print(output, line)
  }
  signal.throwIfAborted()
  throw new GroveError('server-unreachable', {}, { message: `${place} has ended its events` })
}

/** Lines that an event may take on a narrow terminal. */
const EVENT_LINES = 4

/** On a terminal with the time of day, in a file with the whole time. */
function linesOf(output: Output, event: GroveEvent): string[] {
  const time = output.answer.isTTY === true ? formatClock(event.at) : formatTime(event.at)
  const text = `${event.type.padEnd(12)}  ${describe(event)}`
  const [first = '', ...rest] = wrapText(text, widthOf(output) - time.length - 2, EVENT_LINES)
  const indent = ' '.repeat(time.length + 2)
  return [`${style(output, 'dim', time)}  ${first}`, ...rest.map((line) => indent + line)]
}

/** Recency is a moment, in milliseconds. */
function announcedValue({ metric, value }: Extract<GroveEvent, { type: 'announced' }>): string {
  return metric === '_recency'
    ? `made ${formatTime(new Date(value).toISOString())}`
    : `${printable(metric)} ${formatNumber(value)}`
}

function describe(event: GroveEvent): string {
  switch (event.type) {
    case 'contribution': {
      const { local, address, peerId } = event.source
      const from = local ? '' : `  from ${printable(address ?? peerId ?? 'a peer')}`
      return `${short(event.cid)}  ${event.kind}  ${printable(event.summary)}${from}`
    }
    case 'announced': {
      const score = announcedValue(event)
      return `${short(event.cid)}  ${score}  by ${printable(event.peerId)}`
    }
    case 'transfer': {
      const amount = `${formatSize(event.receivedBytes)} of ${formatSize(event.sizeBytes)}`
      return `${short(event.hash)}  ${amount}${event.done ? '  done' : ''}`
    }
    case 'fetch-failed':
      return `${short(event.cid)}  ${event.code}: ${printable(event.message)}`
    case 'peer':
      return `${printable(event.address)}  ${event.status}`
    case 'peer-fault':
      return `${printable(event.peerId)}  ${event.code}: ${printable(event.message)}`
    case 'damaged':
      return `${short(event.hash)}  the ${event.what} is damaged here, and counts as missing`
    case 'reset':
      return 'the log of this grove lacks that id: the stream starts now'
    case 'lagged':
      return `${plural(event.dropped, 'event')} lost: they came faster than they were read`
    case 'sync': {
      const { peers, fetched, failed } = event.report
      return `${plural(peers, 'peer')}, ${fetched.length} fetched, ${failed.length} failed`
    }
  }
}
