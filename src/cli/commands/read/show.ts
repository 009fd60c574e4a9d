import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../../core/canonical.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { LIST_MAX } from '../../../core/limits.ts'
import { byAuthor, byGroves, ofAuthor } from '../../../core/ranking/belief.ts'
import type { FileList } from '../../../core/wire/files.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { filesTable } from '../../output/files.ts'
import { formatNumber, formatScore, printable, printableLines, short } from '../../output/format.ts'
import { print, printField, printProse, style, widthOf } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'
import { formatAgo, formatTime } from '../../output/time.ts'
import { noteConflicts } from './files.ts'
import { evidenceTable } from './reviews.ts'

/** Files that are listed; `grove files` lists the others. */
const FILES_SHOWN = 50
/** Characters of a key's id: `ed25519:` and the first digits, as cids are shown. */
const SIGNER_CHARS = 'ed25519:'.length + 12
/** Reviews, reproductions and adoptions that are listed. `grove reviews` shows all. */
const EVIDENCE_SHOWN = 5

/** `grove show`: shows one contribution in full. */
export function addShow(program: Command, context: Context): void {
  program
    .command('show')
    .description('Show one contribution: what it is, where it came from and what was made of it')
    .argument('<cid>', 'content id, or its first hex digits')
    .addHelpText('after', examples(['grove show 24c41ac12fbc', 'grove show 24c41ac12fbc --json']))
    .action((text: string, _: object, command: Command) =>
      withGrove(context, command, (session) => show(session, text)),
    )
}

async function show(session: CliSession, text: string): Promise<void> {
  const cid = await cidOf(session, text)
  const { signal } = session
  const view = await session.grove.contribution({ cid }, { signal })
  if (session.json) return answer(session, view, () => {})
  const standing = await session.grove.standing({ cid }, { signal })
  const files = await filesOf(session, view)
  const evidence = await session.grove.evidence({ cid, limit: EVIDENCE_SHOWN }, { signal })
  printHead(session, view)
  const { output } = session
  const peer = printable(standing.address ?? standing.peerId ?? 'a peer')
  const fetched = `fetched from ${peer}, ${momentOf(session, standing.receivedAt)}`
  printField(output, 'from', standing.origin === 'local' ? 'published here' : fetched)
  if (standing.origins !== undefined) printField(output, 'signed', signedText(standing.origins))
  printField(output, 'standing', `${standing.lifecycle}, ${countsText(standing)}`)
  printField(output, 'believed', `${standing.level}: ${printable(standing.why)}`)
  printBody(session, view)
  printFiles(session, view, files)
  printEvidence(session, view, evidence)
}

type ShownStanding = Awaited<ReturnType<CliSession['grove']['standing']>>

function countsText(standing: ShownStanding): string {
  const { reviewScore, byAuthor: own, signedBy: by, trusted, unsigned } = standing
  const groves = (signal: 'adoption' | 'reproduction' | 'reviews') =>
    byGroves(by?.[signal] ?? 0, trusted?.[signal]) + unsignedText(unsigned?.[signal] ?? 0)
  const times = (signal: 'adoption' | 'reproduction') =>
    `${standing[signal]}×${groves(signal)}${byAuthor(own?.[signal] ?? 0)}`
  const counts = `adopted ${times('adoption')}, reproduced ${times('reproduction')}`
  if (reviewScore === undefined) return counts
  const behind = `${groves('reviews')}${ofAuthor(own?.reviews ?? 0)}`
  return `${counts}, review score ${formatNumber(reviewScore)}${behind}`
}

/** ` (3 unsigned)`: how much of a count nobody has signed. */
const unsignedText = (count: number): string => (count === 0 ? '' : ` (${count} unsigned)`)

function signedText(origins: NonNullable<ShownStanding['origins']>): string {
  const [first, ...rest] = origins.toSorted((a, b) => rankOfSigner(b) - rankOfSigner(a))
  if (first === undefined) return 'by nobody'
  const { peerId, now = peerId } = first
  const name = now.slice(0, SIGNER_CHARS)
  const formerly = now === peerId ? '' : `, formerly ${peerId.slice(0, SIGNER_CHARS)}`
  const others = rest.filter((one) => (one.now ?? one.peerId) !== now)
  const made = first.own === true ? 'this grove' : first.standing
  const trusted = others.filter(({ standing }) => standing === 'trusted').length
  const more =
    others.length === 0 ? '' : `, ${others.length} ${others.length === 1 ? 'other' : 'others'}`
  const who = `${name}${formerly}${made ? ` (${made})` : ''}`
  return `${who}${more}${trusted === 0 ? '' : ` (${trusted} trusted)`}`
}

/** This grove is named first, then who is trusted. */
const rankOfSigner = ({ own, standing }: NonNullable<ShownStanding['origins']>[number]): number =>
  own === true ? 2 : standing === 'trusted' ? 1 : 0

/** The moment in full, and how long ago that is. */
function momentOf({ clock }: CliSession, timestamp: string): string {
  return `${formatTime(timestamp)} (${formatAgo(timestamp, clock.now())})`
}

/** What others made of it: who, when and in which words. */
function printEvidence(
  { output, clock }: CliSession,
  view: ContributionView,
  { items, total }: { readonly items: readonly ContributionView[]; readonly total: number },
): void {
  if (total === 0) return
  print(output, `\n${style(output, 'bold', 'what others made of it')}`)
  const now = clock.now()
  printTable(
    output,
    evidenceTable(items, view, (timestamp) => formatAgo(timestamp, now)),
  )
  const more = total > items.length ? ` (${total - items.length} more)` : ''
  printProse(output, `\`grove reviews ${short(view.cid)}\` shows them in full${more}`)
}

function printHead(session: CliSession, view: ContributionView): void {
  const { output } = session
  const { agent } = view
  const about = [agent.agentName, agent.model, agent.platform]
    .filter((part) => part !== undefined)
    .join(', ')
  const nature = `${view.kind}, ${view.mode}`
  const gap = view.cid.length + 2 + nature.length <= widthOf(output) ? '  ' : '\n'
  print(output, `${style(output, 'yellow', view.cid)}${gap}${nature}`)
  printProse(output, printable(view.summary), 'bold')
  print(output, '')
  const author = `${printable(agent.agentId)}${about === '' ? '' : ` (${printable(about)})`}`
  printField(output, 'by', `${author}, ${momentOf(session, view.createdAt)}`)
}

function printBody({ output }: CliSession, view: ContributionView): void {
  for (const [name, score] of Object.entries(view.scores ?? {}))
    printField(output, 'score', formatScore(name, score))
  if (view.tags.length > 0) printField(output, 'tags', view.tags.map(printable).join(', '))
  for (const { relationType, targetCid, metadata } of view.relations) {
    const more = metadata === undefined ? '' : ` ${printable(JSON.stringify(metadata))}`
    printField(output, relationType, `${short(targetCid)}${more}`)
  }
  const context = contextShown(view)
  if (context !== undefined) printField(output, 'context', printable(JSON.stringify(context)))
  if (view.description !== undefined) printProse(output, `\n${printableLines(view.description)}`)
}

/** The context without what the list of files says. */
function contextShown({ context }: ContributionView): JsonObject | undefined {
  if (!isJsonObject(context?.['grove'])) return context
  const { grove, ...others } = context
  const { files: _, pack: __, ...notes } = grove as JsonObject
  const shown = Object.keys(notes).length === 0 ? others : { ...others, grove: notes }
  return Object.keys(shown).length === 0 ? undefined : shown
}

/** The first files; the reason why they can't be listed where that is so. */
async function filesOf(
  { grove, signal }: CliSession,
  { cid }: ContributionView,
): Promise<FileList | string> {
  try {
    return await grove.files({ cid, limit: FILES_SHOWN }, { signal })
  } catch (error) {
    if (isGroveError(error, 'blob-missing') || isGroveError(error, 'pack-invalid'))
      return error.message
    throw error
  }
}

function printFiles(
  session: CliSession,
  { cid }: ContributionView,
  files: FileList | string,
): void {
  const { output } = session
  if (typeof files === 'string') printField(output, 'files', files)
  if (typeof files === 'string' || files.total === 0) return
  print(output, '')
  printTable(output, filesTable(files.files))
  noteConflicts(session, files)
  const more = files.total - files.files.length
  const page = `--offset ${files.files.length} --limit ${Math.min(more, LIST_MAX)}`
  if (more > 0) print(output, `${more} more: \`grove files ${short(cid)} ${page}\` lists them`)
}
