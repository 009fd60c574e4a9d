import type { Command } from 'commander'
import type { Cid } from '../../../core/cid.ts'
import { isReproduced } from '../../../core/contribution/relation.ts'
import type { ContributionView, Relation, RelationType } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readDepth } from '../../options.ts'
import { plural, printable, scoreForms, short } from '../../output/format.ts'
import {
  draw,
  type Lineage,
  type LineageLine,
  type Member,
  parentsOf,
} from '../../output/lineage.ts'
import { note, print, style, widthOf } from '../../output/output.ts'
import { cutText, widthOfText, wrapText } from '../../output/width.ts'

/** The most contributions that are drawn. */
const MEMBERS_MAX = 500

interface TreeOptions {
  readonly ancestors: number
  readonly descendants: number
}

/** `grove tree`: draws the lineage of a contribution. */
export function addTree(program: Command, context: Context): void {
  program
    .command('tree')
    .description('Draw a lineage: what a contribution derives from, and what derives from it')
    .argument('<cid>', 'content id, or its first hex digits')
    .option('--ancestors <steps>', 'steps towards its origins', readDepth, 10)
    .option('--descendants <steps>', 'steps towards what was built on it', readDepth, 10)
    .addHelpText(
      'after',
      examples(['grove tree 24c41ac12fbc', 'grove tree 24c41ac12fbc --descendants 0']),
    )
    .action((text: string, options: TreeOptions, self: Command) =>
      withGrove(context, self, (session) => tree(session, text, options)),
    )
}

async function tree(session: CliSession, text: string, options: TreeOptions): Promise<void> {
  const cid = await cidOf(session, text)
  const lineage = await walk(session, cid, options)
  answer(
    session,
    {
      cid,
      members: [...lineage.members.values()].map(({ view, ...rest }) => ({
        ...rest,
        contribution: view ?? null,
      })),
    },
    () => {
      printLines(session, draw(lineage), cid)
      if (lineage.members.size >= MEMBERS_MAX)
        note(
          session.output,
          `only ${plural(MEMBERS_MAX, 'contribution')} are drawn: fewer steps show a part in full`,
        )
    },
  )
}

function printLines({ output }: CliSession, lines: readonly LineageLine[], chosen: Cid): void {
  const width = widthOf(output)
  for (const line of lines) {
    const [text = '', ...below] = treeLines(line, { width, chosen })
    const id = short(line.member.cid)
    const start = line.branch.length
    const styled = style(output, line.member.cid === chosen ? 'yellow' : 'cyan', id)
    print(output, text.slice(0, start) + styled + text.slice(start + id.length))
    for (const more of below) print(output, more)
  }
}

/** How a line of a tree is drawn. */
interface Drawing {
  readonly width: number
  /** The contribution that was asked for. */
  readonly chosen: Cid
}

/** Below this, what has no room beside the summary goes on lines of its own. */
const WIDE = 60

/** A contribution in a tree: a line, and on a narrow terminal more of them below. Pure. */
export function treeLines(line: LineageLine, drawing: Drawing): string[] {
  const { branch, member, again } = line
  const { view, evidence } = member
  const [scores = ''] = scoreForms(view?.scores)
  const [counts = ''] = countForms(evidence)
  const said = [scores, counts].filter((part) => part !== '').join('  ')
  const whole = treeLine(line, drawing)
  if (drawing.width >= WIDE || again || whole.includes(said)) return [whole]
  const bare = {
    ...line,
    member: { ...member, view: view && { ...view, scores: {} }, evidence: {} },
  }
  const lead = branch.replace('├─● ', '│   ').replace('● ', '  ')
  const below = wrapText(said, Math.max(1, drawing.width - widthOfText(lead)))
  return [treeLine(bare, drawing), ...below.map((text) => lead + text)]
}

/** One line of a tree, cut to its width. Pure. */
export function treeLine({ branch, member, again }: LineageLine, drawing: Drawing): string {
  const { cid, view, evidence, cut } = member
  const start = `${branch}${short(cid)}`
  const room = drawing.width - widthOfText(start) - 2
  if (view === undefined) return `${start}  ${cutText('not here: grove fetch brings it', room)}`
  const mark = cid === drawing.chosen ? '  ◀' : again ? '  (drawn above)' : cut ? '  …' : ''
  const summary = printable(view.summary)
  const left = (parts: readonly string[]) =>
    room - widthOfText(mark) - parts.reduce((sum, part) => sum + 2 + widthOfText(part), 0)
  const forms = scoreForms(view.scores)
  const [full = ''] = forms
  const [brief = ''] = forms.slice(-1)
  const counted = countForms(evidence)
  const choices = [...counted.map((counts) => [full, counts]), [full], [brief], []].map((parts) =>
    parts.filter((part) => part !== ''),
  )
  const least = Math.min(SUMMARY_MIN, widthOfText(summary))
  const parts = choices.find((choice) => left(choice) >= least) ?? []
  return `${[start, cutText(summary, Math.max(1, left(parts))), ...parts].join('  ')}${mark}`
}

/** `3 reviews, 1 challenge`, in forms that take less and less room. */
function countForms(evidence: Member['evidence']): string[] {
  // What is dropped for want of room is the last: a challenge must be seen.
  const counts = Object.entries(evidence).toSorted(
    ([a], [b]) => Number(b === CHALLENGE) - Number(a === CHALLENGE),
  )
  return counts.map((_, dropped) => {
    const named = counts.slice(0, counts.length - dropped)
    const more = counts.slice(named.length).reduce((sum, [, count]) => sum + count, 0)
    const parts = named.map(([name, count]) => plural(count, name))
    return [...parts, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  })
}

/** Columns that a summary keeps beside scores and counts. */
const SUMMARY_MIN = 16

const CHALLENGE = 'challenge'

/** What one relation counts as, in a word that can be counted. */
export function countedAs({ relationType, metadata }: Relation): string | undefined {
  if (relationType === 'reproduces' && !isReproduced(metadata)) return CHALLENGE
  return nouns[relationType]
}

const nouns: Partial<Record<RelationType, string>> = {
  reviews: 'review',
  reproduces: 'reproduction',
  adopts: 'adoption',
  responds_to: 'reply',
}

/**
 * Walks breadth-first both ways: a contribution names its parents; the grove is asked for its
 * children.
 */
async function walk(session: CliSession, cid: Cid, options: TreeOptions): Promise<Lineage> {
  const members = new Map<Cid, Member>()
  const start = await session.grove.contribution({ cid }, { signal: session.signal })
  await addWithChildren(session, members, start, options.descendants === 0)
  await walkUp(session, members, start, options.ancestors)
  await walkDown(session, members, cid, options.descendants)
  return { cid, members }
}

async function walkUp(
  session: CliSession,
  members: Map<Cid, Member>,
  start: ContributionView,
  steps: number,
): Promise<void> {
  let level = parentsOf(start)
  for (let step = 1; step <= steps && level.length > 0; step++) {
    const next: Cid[] = []
    for (const cid of level) {
      if (members.has(cid) || members.size >= MEMBERS_MAX) continue
      const view = await heldOrNot(session, cid)
      const parents = view === undefined ? [] : parentsOf(view)
      members.set(cid, {
        cid,
        view,
        parents,
        evidence: {},
        cut: step === steps && parents.length > 0,
      })
      next.push(...parents)
    }
    level = next
  }
}

async function walkDown(
  session: CliSession,
  members: Map<Cid, Member>,
  start: Cid,
  steps: number,
): Promise<void> {
  let level = [start]
  for (let step = 1; step <= steps && level.length > 0; step++) {
    const next: Cid[] = []
    for (const cid of level) {
      for (const child of await session.grove.children(
        { cid, types: ['derives_from'] },
        { signal: session.signal },
      )) {
        if (members.has(child.cid) || members.size >= MEMBERS_MAX) continue
        await addWithChildren(session, members, child, step === steps)
        next.push(child.cid)
      }
    }
    level = next
  }
}

async function addWithChildren(
  { grove, signal }: CliSession,
  members: Map<Cid, Member>,
  view: ContributionView,
  last: boolean,
): Promise<void> {
  const { cid } = view
  const related = await grove.children({ cid }, { signal })
  const relations = related.flatMap((child) =>
    child.relations.filter((relation) => relation.targetCid === cid),
  )
  const words = related.flatMap((child) => [
    ...new Set(
      child.relations
        .filter((relation) => relation.targetCid === cid)
        .flatMap((relation) => countedAs(relation) ?? []),
    ),
  ])
  const evidence: Record<string, number> = {}
  for (const word of words) evidence[word] = (evidence[word] ?? 0) + 1
  members.set(cid, {
    cid,
    view,
    parents: parentsOf(view),
    evidence,
    cut: last && relations.some(({ relationType }) => relationType === 'derives_from'),
  })
}

async function heldOrNot(
  { grove, signal }: CliSession,
  cid: Cid,
): Promise<ContributionView | undefined> {
  try {
    return await grove.contribution({ cid }, { signal })
  } catch (error) {
    if (isGroveError(error, 'not-found')) return undefined
    throw error
  }
}
