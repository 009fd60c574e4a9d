import type { Command } from 'commander'
import type { Cid } from '../../../core/cid.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readDepth } from '../../options.ts'
import { formatScores, plural, printable, short } from '../../output/format.ts'
import {
  draw,
  type Lineage,
  type LineageLine,
  type Member,
  parentsOf,
} from '../../output/lineage.ts'
import { note, print, style } from '../../output/output.ts'

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
      for (const line of draw(lineage)) print(session.output, lineText(session, line, cid))
      if (lineage.members.size >= MEMBERS_MAX)
        note(
          session.output,
          `only ${plural(MEMBERS_MAX, 'contribution')} are drawn: fewer steps show a part in full`,
        )
    },
  )
}

function lineText(
  { output }: CliSession,
  { branch, member, again }: LineageLine,
  chosen: Cid,
): string {
  const { cid, view, evidence, cut } = member
  const id = style(output, cid === chosen ? 'yellow' : 'cyan', short(cid))
  if (view === undefined) return `${branch}${id}  (not here)`
  const counts = Object.entries(evidence).map(([relation, count]) =>
    plural(count, nouns[relation] ?? relation),
  )
  const scores = formatScores(view.scores)
  const parts = [
    printable(view.summary),
    scores,
    counts.join(', '),
    again ? '(drawn above)' : '',
    cut && !again ? '…' : '',
  ]
  const text = parts.filter((part) => part !== '').join('  ')
  return `${branch}${id}  ${cid === chosen ? `${style(output, 'bold', text)}  ◀` : text}`
}

const nouns: Readonly<Record<string, string>> = {
  reviews: 'review',
  reproduces: 'reproduction',
  adopts: 'adoption',
  responds_to: 'answer',
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
  const relations = related.flatMap((child) => [
    ...new Set(
      child.relations
        .filter((relation) => relation.targetCid === cid)
        .map((relation) => relation.relationType),
    ),
  ])
  const evidence: Record<string, number> = {}
  for (const relation of relations)
    if (relation !== 'derives_from') evidence[relation] = (evidence[relation] ?? 0) + 1
  members.set(cid, {
    cid,
    view,
    parents: parentsOf(view),
    evidence,
    cut: last && relations.includes('derives_from'),
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
