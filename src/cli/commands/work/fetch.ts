import type { Command } from 'commander'
import { type ChosenFiles, chosenFiles, whatOf, whyMissing } from '../../../api/client/files.ts'
import { parseAddress } from '../../../config/address.ts'
import type { Cid } from '../../../core/cid.ts'
import { shownPath } from '../../../core/contribution/choice.ts'
import { pathOf } from '../../../core/contribution/names.ts'
import { isPack } from '../../../core/contribution/tree.ts'
import { errorTable, GroveError, isErrorCode, isGroveError } from '../../../core/errors.ts'
import { withScheme } from '../../../core/peers/endpoint.ts'
import { formatSize } from '../../../core/units.ts'
import type { ArtifactState, FetchOptions, FetchResult } from '../../../core/wire/fetch.ts'
import type { FileEntry } from '../../../core/wire/files.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readDepth, readDuration, readSize } from '../../options.ts'
import { plural, printable, short } from '../../output/format.ts'
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
  const { result, chosen } = await watchingTransfers(session, async () => {
    const found = await filesAsked(session, cid, options)
    const given = options.artifacts === 'none' ? { artifacts: 'none' as const } : {}
    const artifacts = found === undefined ? given : { artifacts: [...found.artifacts] }
    const asked = { cid, ...fetchOptionsFrom(options), ...artifacts }
    const fetched = await session.grove.fetchContribution(asked, { signal })
    return { result: together(fetched, found?.asked), chosen: found?.files }
  })
  answer(session, result, () =>
    printResult(session, result, { quoted: options.quote === true, chosen }),
  )
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

/** The files that were asked for; undefined for all or none. A path is not split at its commas. */
async function filesAsked(
  { grove, signal }: CliSession,
  cid: Cid,
  { artifacts: text, ...options }: FetchCommandOptions,
): Promise<ChosenFiles | undefined> {
  if (text === undefined || text === 'all' || text === 'none') return undefined
  const { peer, timeoutMs } = fetchOptionsFrom(options)
  const ask = { signal, ...(peer && { peer }), ...(timeoutMs && { timeoutMs }) }
  try {
    return await chosenFiles(grove, cid, [text], ask)
  } catch (error) {
    if (!isGroveError(error, 'not-found') || !text.includes(',')) throw error
    return chosenFiles(grove, cid, text.split(','), ask)
  }
}

/** What came in several fetches of one contribution, as one: the first knows where it is from. */
function together(last: FetchResult, before: readonly FetchResult[] = []): FetchResult {
  const all = [...before, last]
  const sum = (of: (result: FetchResult) => number) =>
    all.reduce((total, result) => total + of(result), 0)
  return {
    ...last,
    source: (before[0] ?? last).source,
    bytesMoved: sum(({ bytesMoved }) => bytesMoved),
    bytesVerified: sum(({ bytesVerified }) => bytesVerified),
  }
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

/** What was asked, as far as the answer is told by it. */
interface Asked {
  readonly quoted: boolean
  /** The files that were asked for; undefined for all or none. */
  readonly chosen: ChosenFiles['files'] | undefined
}

function printResult({ output }: CliSession, result: FetchResult, { quoted, chosen }: Asked): void {
  const { contribution, source, artifacts, ancestors } = result
  const from = source.local
    ? 'was here already'
    : `from ${printable(source.address ?? source.peerId ?? 'a peer')}`
  const gap = contribution.cid.length + 2 + from.length <= widthOf(output) ? '  ' : '\n'
  print(output, `${style(output, 'yellow', contribution.cid)}${gap}${from}`)
  print(output, printable(contribution.summary))
  if (artifacts.length > 0) {
    const listed = listedArtifacts(result, chosen)
    if (listed.length > 0) printTable(output, artifactTable(listed.slice(0, ARTIFACTS_SHOWN)))
    const more = listed.length - ARTIFACTS_SHOWN
    if (more > 0) print(output, `… and ${plural(more, 'artifact')} more`)
    print(output, artifactTotal(artifacts))
    if (isPack(contribution) && !quoted)
      print(output, `a pack: \`grove files ${short(contribution.cid)}\` lists its files`)
  }
  if (ancestors.length > 0) print(output, `ancestors  ${ancestors.map(short).join(', ')}`)
  // The table already shows which artifacts these are, and a quote moves none.
  for (const line of quoted ? [] : missingLines(result)) print(output, line)
  if (quoted) return
  if (result.moreEvidence === true)
    print(output, 'the peer knows more reviews and uses than it sent: rounds of sync bring them')
  const verified = `verified ${formatSize(result.bytesVerified)}`
  const { length } = result.missing
  const lost = length === 0 ? '' : `; ${plural(length, 'item')} missing`
  print(output, `moved ${formatSize(result.bytesMoved)}, ${verified}${lost}`)
}

/**
 * What is listed: the artifacts; of a pack, whose artifacts are no files, those files that were
 * asked for, else the parts that lack.
 */
export function listedArtifacts(
  { contribution, artifacts }: Pick<FetchResult, 'artifacts' | 'contribution'>,
  chosen: ChosenFiles['files'] = [],
): readonly ArtifactState[] {
  if (!isPack(contribution)) return artifacts
  const states = new Map(artifacts.map(({ name, state }) => [name, state]))
  const files = chosen.flatMap((file) => {
    const { name, hash, sizeBytes = -1, artifact = '' } = file as FileEntry
    const state = states.get(artifact)
    return hash === undefined || state === undefined ? [] : [{ name, hash, sizeBytes, state }]
  })
  if (files.length > 0) return files
  return artifacts.filter(({ state }) => state !== 'here' && state !== 'fetched')
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
      shownPath(pathOf(name)),
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

/** What could not be had and why, one line a reason. */
export function missingLines(result: FetchResult): string[] {
  return [...Map.groupBy(result.missing, ({ reason }) => reason)].map(([reason, items]) => {
    const shown = items.slice(0, MISSING_SHOWN).map((item) => whatOf(item, result))
    const more = items.length - MISSING_SHOWN
    const why = [whyMissing(reason), remedies[reason]].filter((part) => part !== undefined)
    const rest = more > 0 ? ` and ${more} more` : ''
    return `missing    ${shown.join(', ')}${rest}: ${printable(why.join('; '))}`
  })
}

/** Missing items that a line names. */
const MISSING_SHOWN = 3

/** What can be done about what is missing, by its reason. */
const remedies: Readonly<Record<string, string>> = {
  'peer-unreachable': '`grove peers` shows which groves answer',
  'too-large': 'raise --max-bytes',
  'fetch-timeout': 'raise --timeout',
}
