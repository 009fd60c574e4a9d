import type { Command } from 'commander'
import { errorTable, isErrorCode } from '../../../core/errors.ts'
import type { FetchOptions, FetchResult } from '../../../core/wire/fetch.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readDepth, readDuration, readSize } from '../../options.ts'
import { formatSize, plural, printable, short } from '../../output/format.ts'
import { print, style } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'
import { watchingTransfers } from '../../output/watch.ts'

interface FetchCommandOptions {
  readonly peer?: string
  readonly artifacts?: string
  readonly ancestors?: number
  readonly maxBytes?: number
  readonly timeout?: number
  readonly quote?: boolean
}

/** `grove fetch`: fetches a contribution from other groves. */
export function addFetch(program: Command, context: Context): void {
  program
    .command('fetch')
    .description(
      'Fetch a contribution from other groves, with its artifacts and ancestors, and verify ' +
        'every byte',
    )
    .argument('<cid>', 'content id, or its first hex digits if peers advertise it')
    .option('--peer <url or id>', 'ask this grove (default: the peers that advertised it)')
    .option('--artifacts <which>', 'all, none, or names separated by commas (default: all)')
    .option(
      '--ancestors <steps>',
      'steps along derives_from to fetch with it (default: 1)',
      readDepth,
    )
    .option('--max-bytes <size>', 'the most bytes of artifacts to move', readSize)
    .option('--timeout <duration>', 'give up after this long', readDuration)
    .option('--quote', 'only show sizes and what is missing: move no artifact, keep nothing')
    .addHelpText(
      'after',
      examples([
        'grove fetch 24c41ac12fbc',
        'grove fetch 24c41ac12fbc --peer http://10.0.0.5:4515 --ancestors 5',
        'grove fetch 24c41ac12fbc --quote',
        'grove fetch 24c41ac12fbc --artifacts train.py --max-bytes 64MiB --timeout 30s',
      ]),
    )
    .action((text: string, options: FetchCommandOptions, self: Command) =>
      withGrove(context, self, (session) => fetch(session, text, options)),
    )
}

async function fetch(
  session: CliSession,
  text: string,
  options: FetchCommandOptions,
): Promise<void> {
  const cid = await cidOf(session, text)
  const { signal } = session
  const result = await watchingTransfers(session, () =>
    session.grove.fetchContribution({ cid, ...fetchOptionsFrom(options) }, { signal }),
  )
  answer(session, result, () => printResult(session, result, options.quote === true))
  if (options.quote !== true) session.exit(exitOf(result))
}

/** 0 where all that was asked for is here, else that of what would be worth another try. */
function exitOf({ missing }: FetchResult): number {
  if (missing.length === 0) return 0
  const isAway = ({ reason }: FetchResult['missing'][number]) =>
    isErrorCode(reason) && errorTable[reason].exit === errorTable['peer-unreachable'].exit
  return errorTable[missing.every(isAway) ? 'peer-unreachable' : 'fetch-incomplete'].exit
}

function fetchOptionsFrom({
  peer,
  artifacts,
  ancestors,
  maxBytes,
  timeout,
  quote,
}: FetchCommandOptions): FetchOptions {
  return {
    ...(peer === undefined ? {} : { peer }),
    ...(artifacts === undefined
      ? {}
      : {
          artifacts: artifacts === 'all' || artifacts === 'none' ? artifacts : artifacts.split(','),
        }),
    ...(ancestors === undefined ? {} : { ancestors }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(quote === undefined ? {} : { quote }),
  }
}

function printResult({ output }: CliSession, result: FetchResult, quoted: boolean): void {
  const { contribution, source, artifacts, ancestors, missing } = result
  const from = source.local
    ? 'was here already'
    : `from ${printable(source.address ?? source.peerId ?? 'a peer')}`
  print(output, `${style(output, 'yellow', contribution.cid)}  ${from}`)
  print(output, printable(contribution.summary))
  if (artifacts.length > 0) {
    const rows = artifacts.map(({ name, hash, sizeBytes, state }) => [
      name,
      short(hash),
      formatSize(sizeBytes),
      state,
    ])
    printTable(
      output,
      [
        { title: 'artifact', flexible: true },
        { title: 'hash' },
        { title: 'size', align: 'right' },
        { title: 'state' },
      ],
      rows,
    )
  }
  if (ancestors.length > 0) print(output, `ancestors  ${ancestors.map(short).join(', ')}`)
  for (const item of missing) {
    // The table of a quote already shows it.
    if (quoted && 'hash' in item) continue
    print(
      output,
      `missing    ${short('cid' in item ? item.cid : item.hash)}  ${printable(item.reason)}`,
    )
  }
  const lost = missing.length === 0 ? '' : `; ${plural(missing.length, 'item')} missing`
  if (!quoted)
    print(
      output,
      `moved ${formatSize(result.bytesMoved)}, verified ${formatSize(result.bytesVerified)}${lost}`,
    )
}
