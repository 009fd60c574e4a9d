import { type Command, Option } from 'commander'
import { type StagedTree, stageTree, withTree } from '../../../api/client/publish-tree.ts'
import type { TreeSource } from '../../../api/client/tree-source.ts'
import type { JsonObject } from '../../../core/canonical.ts'
import { RESULTS } from '../../../core/contribution/relation.ts'
import {
  type ContributionView,
  type Draft,
  type Kind,
  kindSchema,
  type Mode,
  modeSchema,
  type Score,
} from '../../../core/contribution/schema.ts'
import { withNotes } from '../../../core/contribution/tree.ts'
import { isReservedMetric } from '../../../core/ranking/frontier.ts'
import { formatSize } from '../../../core/units.ts'
import type { Gathered } from '../../../gather/gathered.ts'
import type { Revisions } from '../../../gather/revision.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import {
  type AgentOptions,
  addAgent,
  agentFrom,
  insistOption,
  type OpenScore,
  readJsonObject,
  readScore,
  readText,
  tagOption,
} from '../../options.ts'
import { plural, printable } from '../../output/format.ts'
import { note, print } from '../../output/output.ts'
import { Progress } from '../../output/progress.ts'
import {
  addGathering,
  checkSome,
  type GatherFlags,
  gather,
  gatherOptions,
  listed,
  openRevisions,
  revisionNames,
} from './gather.ts'
import { checkTarget, kindOf, misused, type RelationFlags, relationsFrom } from './relations.ts'

export interface ContributeOptions extends AgentOptions, GatherFlags, RelationFlags {
  readonly summary: string
  readonly description?: string
  readonly mode: Mode
  readonly insist?: boolean
  readonly score?: [string, OpenScore][]
  readonly tag?: string[]
  readonly context?: JsonObject
}

/** `grove contribute`: publishes work, a review, a reproduction, an adoption or an answer. */
export function addContribute(program: Command, context: Context): void {
  const command = program
    .command('contribute')
    .description(
      'Publish files, directories or a git revision as a contribution, and print its content id',
    )
    .argument(
      '[paths...]',
      "files and directories; a directory's files are named by their paths below it",
    )
    .requiredOption('-s, --summary <text>', 'what it is, in one line')
    .option('--description <text>', 'more about it, of any length')
  addGathering(command)
  addContent(command)
  addRelations(command)
  addAgent(command)
  command
    .addHelpText(
      'after',
      examples([
        'grove contribute train.py --summary "baseline" --score val_bpb=0.97:minimize:bpb --tag lm',
        'grove contribute work --parent 24c41ac12fbc --summary "lower learning rate"',
        'grove contribute --from-git-tree HEAD --summary "as of today"',
        'grove contribute --reviews 24c41ac12fbc --summary "sound" --score quality=0.9',
        'grove contribute run.log --reproduces 24c41ac12fbc --result challenged \\\n' +
          '    --summary "not for me"',
      ]),
    )
    .action((paths: string[], options: ContributeOptions, self: Command) =>
      withGrove(context, self, (session) => contribute(session, paths, options)),
    )
}

function addContent(command: Command): void {
  command
    .option(
      '--score <name=value:direction[:unit]>',
      'a measured value; direction is minimize or maximize, and may be left out of a review, ' +
        'where higher is better (may be repeated)',
      readScore,
    )
    .addOption(insistOption())
    .addOption(tagOption('a tag (may be repeated)'))
    .option('--context <json>', 'its circumstances, as a JSON object', readJsonObject)
    .addOption(
      new Option(
        '--kind <kind>',
        'its kind (default: as its relations say, else work; needed where they say several)',
      ).choices(kindSchema.options),
    )
    .addOption(
      new Option('--mode <mode>', 'whether its scores rank it')
        .choices(modeSchema.options)
        .default('evaluation'),
    )
}

function addRelations(command: Command): void {
  command
    .option('--parent <cid>', 'it derives from this (may be repeated)', readText)
    .option(
      '--reviews <cid>',
      'it reviews this; its scores are the review (may be repeated)',
      readText,
    )
    .option('--reproduces <cid>', 'it reproduces this: a new run (may be repeated)', readText)
    .addOption(
      new Option(
        '--result <result>',
        'what came of --reproduces; challenged and failed do not count as reproductions ' +
          '(default: confirmed)',
      ).choices(RESULTS),
    )
    .option('--adopts <cid>', 'it adopts this (may be repeated)', readText)
    .option('--responds-to <cid>', 'it answers this (may be repeated)', readText)
    .option(
      '--metadata <json>',
      'a JSON object to keep with each of these relations',
      readJsonObject,
    )
}

/** Publishes what the paths and options name. */
export async function contribute(
  session: CliSession,
  paths: readonly string[],
  options: ContributeOptions,
): Promise<void> {
  noteReserved(session, options)
  checkTarget(options)
  const kind = kindOf(options)
  const scores = scoresOf(options.score, kind)
  const relations = await relationsFrom(session, options)
  await using revisions = await openRevisions(options, gatherOptions(session, options))
  const gathered = await gather(session, paths, revisions, options)
  const tree = await stage(session, gathered.files)
  checkSome(tree.files, revisions === undefined ? paths : [...paths, 'the revision'], gathered)
  noteTree(session, tree)
  const said = draftFrom(session, options, { kind, relations, ...(scores && { scores }) })
  const plain = withTree(said, tree)
  const draft = await withGit(plain, revisions, options)
  const contribution = await session.grove.publish(draft, {
    signal: session.signal,
    insist: options.insist === true,
  })
  answer(session, { ...contribution, ...told(gathered, tree) }, () => {
    print(session.output, contribution.cid)
    const by = printable(contribution.agent.agentId)
    const files = filesText(contribution, tree)
    note(session.output, `published ${contribution.kind} by ${by}${files}`)
  })
}

/** What a contribution brings, as far as that is worth a word: what is said needs no files. */
export function filesText(
  { kind, scores = {}, relations }: Pick<ContributionView, 'kind' | 'scores' | 'relations'>,
  { files, totalBytes, isPack }: Pick<StagedTree, 'files' | 'totalBytes' | 'isPack'>,
): string {
  if (files > 0)
    return `: ${plural(files, 'file')}, ${formatSize(totalBytes)}${isPack ? ', as a pack' : ''}`
  if (kind !== 'work') return ''
  const isEmpty = Object.keys(scores).length === 0 && relations.length === 0
  return isEmpty ? ', only its summary: no files, scores or relations were named' : ': no files'
}

/** What the answer tells of the files beside the contribution. */
function told({ leftOut, suspects }: Gathered, tree: StagedTree) {
  const links = tree.leftOut.map((path) => ({ path, reason: 'link that is not relative' }))
  return { leftOut: [...leftOut, ...links], suspects, pointers: tree.pointers }
}

async function withGit(
  draft: Draft,
  revisions: Revisions | undefined,
  options: GatherFlags,
): Promise<Draft> {
  if (revisions === undefined) return draft
  const git = await revisions.notes(revisionNames(options))
  return { ...draft, context: withNotes(draft.context, { git }) }
}

function noteTree({ output }: CliSession, { leftOut, pointers }: StagedTree): void {
  if (leftOut.length > 0)
    note(output, `left out, links whose targets are not relative: ${listed(leftOut)}`)
  if (pointers.length > 0)
    note(output, `pointers of Git LFS, not the files themselves: ${listed(pointers)}`)
}

async function stage(
  { grove, output, clock, signal }: CliSession,
  sources: readonly TreeSource[],
): Promise<StagedTree> {
  const progress = new Progress(output, clock)
  try {
    return await stageTree(grove, sources, {
      signal,
      onReading: ({ name, readBytes, totalBytes }) =>
        progress.update({ label: `reading ${name}`, doneBytes: readBytes, totalBytes }),
      onProgress: ({ name, sentBytes, totalBytes }) =>
        progress.update({ label: `sending ${name}`, doneBytes: sentBytes, totalBytes }),
    })
  } finally {
    progress.clear()
  }
}

function noteReserved({ output }: CliSession, { score = [] }: ContributeOptions): void {
  const names = score.map(([name]) => name).filter(isReservedMetric)
  if (names.length > 0)
    note(output, `does not rank, since names with _ are signals: ${listed(names)}`)
}

function draftFrom(
  session: CliSession,
  options: ContributeOptions,
  decided: Pick<Draft, 'kind' | 'relations' | 'scores'>,
): Draft {
  const { summary, description, mode, tag: tags = [], context } = options
  return {
    ...decided,
    mode,
    summary,
    ...(description === undefined ? {} : { description }),
    tags,
    ...(context === undefined ? {} : { context }),
    agent: agentFrom(options, session.env.GROVE_AGENT_ID),
  }
}

/** Throws `usage-error` for a score that is given twice, or whose direction nothing says. */
export function scoresOf(
  scores: ContributeOptions['score'],
  kind: Kind,
): Record<string, Score> | undefined {
  if (scores === undefined) return undefined
  const names = scores.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw misused(`the score ${twice} is given twice`)
  return Object.fromEntries(
    scores.map(([name, { direction, ...score }]) => {
      if (direction !== undefined) return [name, { ...score, direction }]
      if (kind === 'review') return [name, { ...score, direction: 'maximize' as const }]
      const given = `${name}=${score.value}`
      throw misused(`--score ${given} lacks a direction: ${given}:minimize or ${given}:maximize`)
    }),
  )
}
