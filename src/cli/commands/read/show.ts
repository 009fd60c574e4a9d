import type { Command } from 'commander'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { formatScore, formatSize, printable, printableLines, short } from '../../output/format.ts'
import { print, printProse, style, widthOf } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'
import { formatAgo, formatTime } from '../../output/time.ts'
import { wrapText } from '../../output/width.ts'
import { evidenceTable } from './reviews.ts'

/** Sizes are requested one by one; for more artifacts than this they are left out. */
const SIZES_MAX = 50
/** Reviews, reproductions and adoptions that are listed. `grove reviews` shows all. */
const EVIDENCE_SHOWN = 5

/** `grove show`: shows one contribution in full. */
export function addShow(program: Command, context: Context): void {
  program
    .command('show')
    .description('Show one contribution: what it is, where it came from and what others made of it')
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
  const sizes = await sizesOf(session, view, new Set(standing.missingArtifacts))
  const evidence = await session.grove.evidence({ cid, limit: EVIDENCE_SHOWN }, { signal })
  printHead(session, view)
  const peer = printable(standing.address ?? standing.peerId ?? 'a peer')
  const fetched = `fetched from ${peer}, ${momentOf(session, standing.receivedAt)}`
  field(session, 'from', standing.origin === 'local' ? 'published here' : fetched)
  const review = standing.reviewScore === undefined ? '' : `, review score ${standing.reviewScore}`
  const counts = `adopted ${standing.adoption}×, reproduced ${standing.reproduction}×${review}`
  field(session, 'standing', `${standing.lifecycle}, ${counts}`)
  field(session, 'believed', `${standing.level}: ${printable(standing.why)}`)
  printBody(session, view, sizes)
  printEvidence(session, view, evidence)
}

/** The moment in full, and how long ago that is. */
function momentOf({ clock }: CliSession, timestamp: string): string {
  return `${formatTime(timestamp)} (${formatAgo(timestamp, clock.now())})`
}

/** What others made of it: who, when and in which words. */
function printEvidence(
  { output, clock }: CliSession,
  { cid }: ContributionView,
  { items, total }: { readonly items: readonly ContributionView[]; readonly total: number },
): void {
  if (total === 0) return
  print(output, `\n${style(output, 'bold', 'what others made of it')}`)
  const now = clock.now()
  printTable(
    output,
    evidenceTable(items, cid, (timestamp) => formatAgo(timestamp, now)),
  )
  const more = total > items.length ? ` (${total - items.length} more)` : ''
  printProse(output, `\`grove reviews ${short(cid)}\` shows them in full${more}`)
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
  field(session, 'by', `${author}, ${momentOf(session, view.createdAt)}`)
}

function printBody(
  session: CliSession,
  view: ContributionView,
  sizes: ReadonlyMap<string, string>,
): void {
  for (const [name, score] of Object.entries(view.scores ?? {}))
    field(session, 'score', formatScore(name, score))
  if (view.tags.length > 0) field(session, 'tags', view.tags.map(printable).join(', '))
  for (const { relationType, targetCid, metadata } of view.relations) {
    const more = metadata === undefined ? '' : ` ${printable(JSON.stringify(metadata))}`
    field(session, relationType, `${short(targetCid)}${more}`)
  }
  for (const [name, hash] of Object.entries(view.artifacts)) {
    field(
      session,
      'artifact',
      `${name}  ${short(hash)}${sizes.has(name) ? `  ${sizes.get(name)}` : ''}`,
    )
  }
  if (view.context !== undefined) field(session, 'context', printable(JSON.stringify(view.context)))
  if (view.description !== undefined)
    printProse(session.output, `\n${printableLines(view.description)}`)
}

const LABEL_WIDTH = 14

function field({ output }: CliSession, name: string, value: string): void {
  const [first = '', ...rest] = wrapText(value, widthOf(output) - LABEL_WIDTH)
  print(output, name.padEnd(LABEL_WIDTH) + first)
  for (const line of rest) print(output, ' '.repeat(LABEL_WIDTH) + line)
}

async function sizesOf(
  { grove, signal }: CliSession,
  { cid, artifacts }: ContributionView,
  missing: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const names = Object.keys(artifacts)
  if (names.length > SIZES_MAX) return new Map()
  const sizes = names.map(async (name): Promise<[string, string]> => {
    if (missing.has(name)) return [name, 'not here yet (grove fetch brings it)']
    try {
      return [name, formatSize((await grove.artifactMeta({ cid, name }, { signal })).sizeBytes)]
    } catch (error) {
      if (isGroveError(error, 'blob-missing')) return [name, 'not here yet (grove fetch brings it)']
      throw error
    }
  })
  return new Map(await Promise.all(sizes))
}
