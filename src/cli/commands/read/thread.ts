import type { Command } from 'commander'
import { orWithoutNewer } from '../../../api/client/older-server.ts'
import { operations } from '../../../api/operations/table.ts'
import type { Cid } from '../../../core/cid.ts'
import type { ThreadNode, ThreadSummary } from '../../../core/wire/threads.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import type { FilterOptions } from '../../filters.ts'
import { limitOption, readLimit, tagOption } from '../../options.ts'
import { printable, printableLines, short } from '../../output/format.ts'
import { note, print, style, widthOf } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'
import { wrapText } from '../../output/width.ts'

interface ThreadOptions extends Pick<FilterOptions, 'tag'> {
  readonly limit?: number
  readonly after?: string
}

const [listed, shown] = [operations.threads, operations.thread].map(({ input }) =>
  input.shape.limit.parse(undefined),
)
const LIMIT_HELP =
  `discussions to list (default ${listed}), or ` + `contributions to show (default ${shown})`

/** `grove thread`: shows a discussion, or lists them. */
export function addThread(program: Command, context: Context): void {
  program
    .command('thread')
    .description('Show a contribution and all replies to it; without a cid, list the discussions')
    .argument('[cid]', 'content id, or its first hex digits')
    .option('-n, --limit <count>', LIMIT_HELP, readLimit)
    .option('--after <cid>', 'go on after this contribution, the last one shown before')
    .addOption(tagOption('list only discussions with this tag (if repeated: with all of them)'))
    .addHelpText(
      'after',
      examples([
        'grove thread',
        'grove thread 24c41ac12fbc',
        'grove contribute --responds-to 24c41ac12fbc --summary "Which seed was it?"',
      ]),
    )
    .action((text: string | undefined, options: ThreadOptions, self: Command) =>
      withGrove(context, self, (session) =>
        text === undefined ? list(session, options) : show(session, text, options),
      ),
    )
}

/** `grove threads`: lists the discussions. */
export function addThreads(program: Command, context: Context): void {
  program
    .command('threads')
    .description(
      'List the discussions, those with most replies first, those that nobody answered last',
    )
    .addOption(limitOption('discussions to list', operations.threads.input.shape.limit))
    .addOption(tagOption('only with this tag (if repeated: with all of them)'))
    .addHelpText('after', examples(['grove threads', 'grove threads --tag lm']))
    .action((options: ThreadOptions, self: Command) =>
      withGrove(context, self, (session) => list(session, options)),
    )
}

async function show(session: CliSession, text: string, options: ThreadOptions): Promise<void> {
  const { limit } = options
  const cid = await cidOf(session, text)
  const after = options.after === undefined ? undefined : await cidOf(session, options.after)
  const thread = await session.grove.thread({ cid, limit, after }, { signal: session.signal })
  answer(session, thread, () => {
    const { output } = session
    const moment = momentsIn(output, session.clock)
    for (const { node, depth } of nested(thread.nodes)) printNode(session, node, depth, moment)
    if (thread.next !== undefined)
      note(output, `there is more: grove thread ${short(cid)} --after ${short(thread.next)}`)
    if (thread.cut === true)
      note(output, 'the thread goes deeper: ask for those of its last contributions')
  })
}

/** The most levels that replies are indented by, so that text keeps room. */
const INDENT_MAX = 8

function printNode(
  { output }: CliSession,
  { cid, contribution }: ThreadNode,
  depth: number,
  moment: (timestamp: string) => string,
): void {
  const indent = '  '.repeat(Math.min(depth, INDENT_MAX))
  const by = `${printable(contribution.agent.agentId)}, ${moment(contribution.createdAt)}`
  const head = `${short(cid)}  ${contribution.kind} by ${by}`
  const width = Math.max(20, widthOf(output) - indent.length)
  for (const line of wrapText(head, width)) print(output, indent + style(output, 'dim', line))
  const text = [
    printable(contribution.summary),
    ...(contribution.description === undefined ? [] : [printableLines(contribution.description)]),
  ]
  for (const line of text.join('\n').split('\n'))
    for (const part of wrapText(line, width)) print(output, `${indent}${part}`)
}

/**
 * The nodes in reading order, each reply below what it replies to; they are given by depth. On a
 * later page, what the first ones reply to is on the page before.
 */
function nested(nodes: readonly ThreadNode[]): { node: ThreadNode; depth: number }[] {
  const byCid = new Map<Cid, ThreadNode>(nodes.map((node) => [node.cid, node]))
  const replies = new Map<Cid, ThreadNode[]>()
  const tops: ThreadNode[] = []
  for (const node of nodes) {
    const targets = node.contribution.relations
      .filter((relation) => relation.relationType === 'responds_to')
      .map((relation) => relation.targetCid)
    const parent = targets.find((target) => byCid.get(target)?.depth === node.depth - 1)
    if (parent === undefined) tops.push(node)
    else replies.set(parent, [...(replies.get(parent) ?? []), node])
  }
  const unfold = (node: ThreadNode): { node: ThreadNode; depth: number }[] => [
    { node, depth: node.depth },
    ...(replies.get(node.cid) ?? [])
      .toSorted((a, b) => (a.contribution.createdAt < b.contribution.createdAt ? -1 : 1))
      .flatMap(unfold),
  ]
  return tops.flatMap(unfold)
}

async function list(session: CliSession, { limit, tag: tags }: ThreadOptions): Promise<void> {
  const { grove, signal } = session
  const found = await orWithoutNewer((isNewer) =>
    grove.threads({ limit, tags, ...(isNewer && { unanswered: true }) }, { signal }),
  )
  answer(session, found, () => {
    if (found.threads.length === 0)
      return note(session.output, 'no discussions: `grove discuss "…"` begins one')
    printTable(session.output, threadTable(found.threads, momentsIn(session.output, session.clock)))
  })
}

/** Discussions as a table. Pure. */
export function threadTable(
  threads: readonly ThreadSummary[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'cid' },
      { title: 'replies', align: 'right' },
      { title: 'last reply' },
      { title: 'agent', min: 8, leaveOut: 1 },
      { title: 'summary', min: 24, main: 2 },
    ],
    rows: threads.map(({ cid, replyCount, lastReplyAt, contribution }) => [
      short(cid),
      String(replyCount),
      lastReplyAt === undefined ? '' : moment(lastReplyAt),
      printable(contribution.agent.agentId),
      printable(contribution.summary),
    ]),
  }
}
