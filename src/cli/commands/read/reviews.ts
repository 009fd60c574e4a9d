import { type Command, Option } from 'commander'
import { operations } from '../../../api/operations/table.ts'
import type { Cid } from '../../../core/cid.ts'
import type { ContributionView, RelationType } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { REVIEW_SCORE_MAX } from '../../../core/limits.ts'
import { countsInReview } from '../../../core/ranking/signals.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { limitOption, readOffset } from '../../options.ts'
import { printable, printableLines, scoreForms, short } from '../../output/format.ts'
import { note, print, style, widthOf } from '../../output/output.ts'
import type { Cell, Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'
import { cutText, wrapText } from '../../output/width.ts'

interface ReviewsOptions {
  readonly type?: keyof typeof typesByName
  readonly limit: number
  readonly offset: number
}

const typesByName = {
  review: 'reviews',
  reproduction: 'reproduces',
  adoption: 'adopts',
} as const satisfies Record<string, RelationType>

/** `grove reviews`: lists what others said of a contribution, in full. */
export function addReviews(program: Command, context: Context): void {
  program
    .command('reviews')
    .description(
      'List who reviewed, reproduced and adopted a contribution, and what they wrote, newest first',
    )
    .argument('<cid>', 'content id, or its first hex digits')
    .addOption(new Option('--type <type>', 'only these').choices(Object.keys(typesByName)))
    .addOption(limitOption('how many to show', operations.evidence.input.shape.limit))
    .option('--offset <count>', 'how many to skip, newest first', readOffset, 0)
    .addHelpText(
      'after',
      examples([
        'grove reviews 24c41ac12fbc',
        'grove reviews 24c41ac12fbc --type reproduction',
        "grove reviews 24c41ac12fbc --json | jq '.items[].agent.agentId'",
      ]),
    )
    .action((text: string, options: ReviewsOptions, self: Command) =>
      withGrove(context, self, (session) => reviews(session, text, options)),
    )
}

async function reviews(session: CliSession, text: string, options: ReviewsOptions): Promise<void> {
  const { type, limit, offset } = options
  const cid = await cidOf(session, text)
  const { signal, output, clock } = session
  const types = type === undefined ? {} : { types: [typesByName[type]] }
  const found = await session.grove.evidence({ cid, ...types, limit, offset }, { signal })
  const target = session.json ? { cid } : await targetOf(session, cid)
  answer(session, found, () => {
    if (found.total === 0) return note(output, `nobody has ${didWhat(type)} ${short(cid)} here`)
    const moment = momentsIn(output, clock)
    for (const item of found.items)
      for (const line of evidenceLines(item, target, moment, widthOf(output)))
        print(output, line.head ? style(output, 'bold', line.text) : line.text)
    if (found.items.length < found.total)
      note(output, `${found.items.length} of ${found.total}: see more with --limit and --offset`)
  })
}

/** What nobody did, of all kinds or of the one that was asked for. */
export function didWhat(type: ReviewsOptions['type']): string {
  return type === undefined
    ? 'reviewed, reproduced or adopted'
    : (verdicts[typesByName[type]] ?? type)
}

/** What one contribution says of another, in words: `reviewed it, adopted it`. */
function verdictOf({ relations }: ContributionView, target: Cid): string {
  const words = relations
    .filter(({ targetCid }) => targetCid === target)
    .flatMap(({ relationType, metadata }) => {
      const verdict = verdicts[relationType]
      const result = relationType === 'reproduces' ? metadata?.['result'] : undefined
      if (verdict === undefined || result === undefined) return verdict ?? []
      const said = typeof result === 'string' ? result : JSON.stringify(result)
      return `${verdict}: ${printable(said)}`
    })
  return [...new Set(words)].join(', ')
}

/** The same in a word each, which for a reproduction is its result. */
function shortVerdict(item: ContributionView, target: Cid): string {
  return verdictOf(item, target).replace(/reproduced: /g, '')
}

/** Columns of a verdict: its words are short, unless an author made up one of their own. */
const VERDICT_WIDTH = 20

const verdicts: Partial<Record<RelationType, string>> = {
  reviews: 'reviewed',
  reproduces: 'reproduced',
  adopts: 'adopted',
}

/** What was reviewed, reproduced or adopted; its agent is unknown where it isn't held. */
type ReviewedWork = Pick<ContributionView, 'cid'> & Partial<Pick<ContributionView, 'agent'>>

async function targetOf({ grove, signal }: CliSession, cid: Cid): Promise<ReviewedWork> {
  try {
    return await grove.contribution({ cid }, { signal })
  } catch (error) {
    if (!isGroveError(error, 'not-found')) throw error
    return { cid }
  }
}

/** Who said something; of the author of what it is about this is said, if need be alone. */
function speakerOf({ agent: { agentId } }: ContributionView, { agent }: ReviewedWork): Cell {
  const id = printable(agentId)
  return agentId === agent?.agentId ? [`${id} (its author)`, 'its author', 'self'] : id
}

/** One review, reproduction or adoption in full, within `width` columns. Pure. */
export function evidenceLines(
  item: ContributionView,
  target: ReviewedWork,
  moment: (timestamp: string) => string,
  width: number,
): { text: string; head: boolean }[] {
  const speaker = speakerOf(item, target)
  const by = typeof speaker === 'string' ? speaker : speaker[0]
  const did = `${by} ${verdictOf(item, target.cid)}, ${moment(item.createdAt)}`
  const head = wrapText(`${short(item.cid)}  ${did}`, width)
  const indented = (text: string) => wrapText(text, width - 2).map((line) => `  ${line}`)
  const [scores = ''] = scoreForms(item.scores)
  const body = [
    printable(item.summary),
    ...(scores === '' ? [] : [`${scores}${beyondRange(item)}`]),
    ...(item.description === undefined ? [] : printableLines(item.description).split('\n')),
  ]
  return [
    ...head.map((text) => ({ text, head: true })),
    ...body.flatMap(indented).map((text) => ({ text, head: false })),
    { text: '', head: false },
  ]
}

/** Says of a review that its scores, or some, don't count. */
function beyondRange({ kind, scores = {} }: ContributionView): string {
  if (kind !== 'review' || Object.values(scores).every(countsInReview)) return ''
  return ` (not counted beyond ±${REVIEW_SCORE_MAX})`
}

/** What others said of a contribution, a row each. Pure. */
export function evidenceTable(
  items: readonly ContributionView[],
  target: ReviewedWork,
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'cid' },
      { title: 'when', leaveOut: 1 },
      { title: 'by', min: 8 },
      { title: 'what' },
      { title: 'scores', min: 18, leaveOut: 2 },
      { title: 'summary', min: 20, main: 2 },
    ],
    rows: items.map((item) => [
      short(item.cid),
      moment(item.createdAt),
      speakerOf(item, target),
      cutText(shortVerdict(item, target.cid), VERDICT_WIDTH),
      scoreForms(item.scores),
      printable(item.summary),
    ]),
  }
}
