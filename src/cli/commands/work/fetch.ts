import type { Command } from 'commander'
import { artifactsOf, chosenFiles } from '../../../api/client/files.ts'
import { parseAddress } from '../../../config/address.ts'
import type { Cid } from '../../../core/cid.ts'
import { nameOf, pathOf } from '../../../core/contribution/names.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { isPack } from '../../../core/contribution/tree.ts'
import { errorTable, GroveError, isErrorCode, isGroveError } from '../../../core/errors.ts'
import { withScheme } from '../../../core/peers/endpoint.ts'
import type {
  ArtifactState,
  FetchOptions,
  FetchResult,
  MissingItem,
} from '../../../core/wire/fetch.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readDepth, readDuration, readSize } from '../../options.ts'
import { formatPath } from '../../output/files.ts'
import { formatSize, plural, printable, short } from '../../output/format.ts'
import { print, style, widthOf } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
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
    .option(
      '--artifacts <which>',
      'all, none, or paths or names separated by commas (default: all)',
    )
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
  const cid = await cidToFetch(session, text, options.peer)
  const { signal } = session
  const result = await watchingTransfers(session, async () => {
    const artifacts = await artifactsAsked(session, cid, options)
    const asked = { cid, ...fetchOptionsFrom(options), ...(artifacts && { artifacts }) }
    return session.grove.fetchContribution(asked, { signal })
  })
  answer(session, result, () => printResult(session, result, options.quote === true))
  if (options.quote !== true) session.exit(exitOf(result))
}

/** What isn't known here may be known to the grove that is to be asked. */
async function cidToFetch(session: CliSession, text: string, named = ''): Promise<Cid> {
  const peer = withScheme(named)
  try {
    return await cidOf(session, text)
  } catch (error) {
    if (!isGroveError(error, 'not-found') || !peer.startsWith('http')) throw error
    const { groveClient } = await import('../../../api/client/http-client.ts')
    const elsewhere = groveClient(parseAddress(peer), session.clock)
    try {
      return await cidOf({ ...session, grove: elsewhere }, text)
    } catch (cause) {
      if (!isGroveError(cause, 'server-unreachable')) throw cause
      const message = `no grove answers at ${peer}, and ${text} is not known here`
      throw new GroveError('peer-unreachable', { peer }, { cause, message })
    } finally {
      await elsewhere.close()
    }
  }
}

/** 0 where all that was asked for is here, else that of what would be worth another try. */
function exitOf({ missing }: FetchResult): number {
  if (missing.length === 0) return 0
  const isAway = ({ reason }: FetchResult['missing'][number]) =>
    isErrorCode(reason) && errorTable[reason].exit === errorTable['peer-unreachable'].exit
  return errorTable[missing.every(isAway) ? 'peer-unreachable' : 'fetch-incomplete'].exit
}

/**
 * The names of the artifacts that hold what was asked for by path or name; undefined for all. A
 * text that is a path is not split at its commas.
 */
async function artifactsAsked(
  session: CliSession,
  cid: Cid,
  { artifacts: text, ...options }: FetchCommandOptions,
): Promise<FetchOptions['artifacts']> {
  if (text === undefined || text === 'all' || text === 'none') return text
  const first = { cid, ...fetchOptionsFrom(options), ancestors: 0, artifacts: 'none' } as const
  const { grove, signal } = session
  const { contribution } = await grove.fetchContribution(first, { signal })
  try {
    return await artifactsWith(session, contribution, [text], options)
  } catch (error) {
    if (!isGroveError(error, 'not-found') || !text.includes(',')) throw error
    return artifactsWith(session, contribution, text.split(','), options)
  }
}

async function artifactsWith(
  { grove, signal }: CliSession,
  contribution: ContributionView,
  texts: readonly string[],
  { peer }: FetchCommandOptions,
): Promise<string[]> {
  const nameIn = (text: string) =>
    [text, nameOf(text)].find((name) => Object.hasOwn(contribution.artifacts, name))
  const named = texts.flatMap((text) => nameIn(text) ?? [])
  if (named.length === texts.length) return named
  const others = texts.filter((text) => nameIn(text) === undefined)
  const files = await chosenFiles(grove, contribution, others, { signal, ...(peer && { peer }) })
  return [...new Set([...named, ...artifactsOf(files)])]
}

function fetchOptionsFrom({
  peer,
  ancestors,
  maxBytes,
  timeout,
  quote,
}: Omit<FetchCommandOptions, 'artifacts'>): FetchOptions {
  return {
    ...(peer === undefined ? {} : { peer }),
    ...(ancestors === undefined ? {} : { ancestors }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(quote === undefined ? {} : { quote }),
  }
}

/** Artifacts that are listed one by one. */
const ARTIFACTS_SHOWN = 20

function printResult({ output }: CliSession, result: FetchResult, quoted: boolean): void {
  const { contribution, source, artifacts, ancestors, missing } = result
  const from = source.local
    ? 'was here already'
    : `from ${printable(source.address ?? source.peerId ?? 'a peer')}`
  const gap = contribution.cid.length + 2 + from.length <= widthOf(output) ? '  ' : '\n'
  print(output, `${style(output, 'yellow', contribution.cid)}${gap}${from}`)
  print(output, printable(contribution.summary))
  if (artifacts.length > 0) {
    const listed = listedArtifacts(contribution, artifacts)
    if (listed.length > 0) printTable(output, artifactTable(listed.slice(0, ARTIFACTS_SHOWN)))
    const more = listed.length - ARTIFACTS_SHOWN
    if (more > 0) print(output, `… and ${plural(more, 'artifact')} more`)
    print(output, artifactTotal(artifacts))
    if (isPack(contribution) && !quoted)
      print(output, `a pack: \`grove files ${short(contribution.cid)}\` lists its files`)
  }
  if (ancestors.length > 0) print(output, `ancestors  ${ancestors.map(short).join(', ')}`)
  // The table already shows which artifacts these are, and a quote moves none.
  for (const line of quoted ? [] : missingLines(missing)) print(output, line)
  if (quoted) return
  if (result.moreEvidence === true)
    print(output, 'the peer knows more reviews and uses than it sent: rounds of sync bring them')
  const verified = `verified ${formatSize(result.bytesVerified)}`
  const lost = missing.length === 0 ? '' : `; ${plural(missing.length, 'item')} missing`
  print(output, `moved ${formatSize(result.bytesMoved)}, ${verified}${lost}`)
}

/** The artifacts that are listed: those of a pack, which are no files, only where they lack. */
export function listedArtifacts(
  contribution: Pick<ContributionView, 'artifacts' | 'context'>,
  artifacts: readonly ArtifactState[],
): readonly ArtifactState[] {
  const isHere = ({ state }: ArtifactState) => state === 'here' || state === 'fetched'
  return isPack(contribution) ? artifacts.filter((each) => !isHere(each)) : artifacts
}

/** The artifacts of a fetch. Pure. */
export function artifactTable(artifacts: readonly ArtifactState[]): Table {
  return {
    columns: [
      { title: 'artifact', min: 12, cutStart: true },
      { title: 'size', align: 'right' },
      { title: 'state' },
      { title: 'hash', leaveOut: 1 },
    ],
    rows: artifacts.map(({ name, hash, sizeBytes, state }) => [
      formatPath(pathOf(name)),
      formatSize(sizeBytes),
      state,
      short(hash),
    ]),
  }
}

/** `582 artifacts, 286 MiB: 3 here, 579 missing`; the same bytes under two names count twice. */
export function artifactTotal(artifacts: readonly ArtifactState[]): string {
  const known = artifacts.filter(({ sizeBytes }) => sizeBytes >= 0)
  const bytes = known.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const unknown = artifacts.length - known.length
  const size = `${formatSize(bytes)}${unknown === 0 ? '' : ` and ${unknown} of unknown size`}`
  const states = [...Map.groupBy(artifacts, ({ state }) => state)].map(
    ([state, group]) => `${group.length} ${state}`,
  )
  return `${plural(artifacts.length, 'artifact')}, ${size}: ${states.join(', ')}`
}

/** What could not be had, one line a reason. */
export function missingLines(missing: readonly MissingItem[]): string[] {
  return [...Map.groupBy(missing, ({ reason }) => reason)].map(([reason, items]) => {
    const ids = items.map((item) => short('cid' in item ? item.cid : item.hash))
    const shown = ids.slice(0, MISSING_SHOWN).join(', ')
    const more = ids.length - MISSING_SHOWN
    return `missing    ${shown}${more > 0 ? ` and ${more} more` : ''}: ${printable(reason)}`
  })
}

/** Missing items that a line names. */
const MISSING_SHOWN = 3
