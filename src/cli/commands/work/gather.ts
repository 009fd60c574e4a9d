import type { Command } from 'commander'
import { shownPath } from '../../../core/contribution/choice.ts'
import { gitLayouts } from '../../../core/contribution/git-layouts.ts'
import { GroveError } from '../../../core/errors.ts'
import type { Reason } from '../../../gather/classify.ts'
import { type Gathered, type GatherOptions, joined } from '../../../gather/gathered.ts'
import { gatherPaths } from '../../../gather/paths.ts'
import { Revisions } from '../../../gather/revision.ts'
import type { CliSession } from '../../context.ts'
import { readText } from '../../options.ts'
import { plural } from '../../output/format.ts'
import { note } from '../../output/output.ts'
import { Progress } from '../../output/progress.ts'

/** The options that say which files are contributed. */
export interface GatherFlags {
  readonly fromGitTree?: string | true
  readonly fromGitDiff?: string | true
  readonly include?: string[]
  /** False with --no-ignore. */
  readonly ignore?: boolean
}

/** Paths that a note names. */
const NAMED_MAX = 20

/** Adds the options that say which files are contributed. */
export function addGathering(command: Command): void {
  command
    .option(
      '--from-git-tree [rev]',
      'the files of a git revision below the working directory (default: HEAD)',
    )
    .option(
      '--from-git-diff [base]',
      'a patch from a git revision to the working directory (default: HEAD)',
    )
  addFileRules(command)
}

/** Adds the options that say what of the named files stays home. */
export function addFileRules(command: Command): void {
  command
    .option(
      '--include <pattern>',
      'take what this matches, in the syntax of .gitignore, though it is hidden, ignored or a ' +
        'private key (may be repeated)',
      readText,
    )
    .option('--no-ignore', 'obey neither .gitignore nor .groveignore')
}

/** What git knows of the working directory; undefined if no option asks for it. */
export async function openRevisions(
  { fromGitTree, fromGitDiff }: GatherFlags,
  options: GatherOptions,
): Promise<Revisions | undefined> {
  return fromGitTree === undefined && fromGitDiff === undefined
    ? undefined
    : Revisions.open(process.cwd(), options)
}

export function gatherOptions({ env, signal }: CliSession, flags: GatherFlags): GatherOptions {
  return { env: { ...env }, signal, include: flags.include, noIgnore: flags.ignore === false }
}

/** The files of all paths and revisions. Says what is left out, and what may be a secret. */
export async function gather(
  session: CliSession,
  paths: readonly string[],
  revisions: Revisions | undefined,
  flags: GatherFlags,
): Promise<Gathered> {
  const { tree, base } = revisionNames(flags)
  const progress = new Progress(session.output, session.clock)
  const parts: Gathered[] = []
  try {
    if (paths.length > 0) progress.say(`looking for files in ${paths.join(', ')}`)
    parts.push(await gatherPaths(paths, gatherOptions(session, flags)))
    if (revisions !== undefined && tree !== undefined) parts.push(await revisions.tree(tree))
    if (revisions !== undefined && base !== undefined) parts.push(await revisions.patch(base))
  } finally {
    progress.clear()
  }
  const gathered = joined(parts)
  noteGathered(session, gathered)
  return gathered
}

/** The revisions that the options name. */
export function revisionNames({ fromGitTree, fromGitDiff }: GatherFlags) {
  const nameOf = (flag: string | true | undefined) => (flag === true ? 'HEAD' : flag)
  return { tree: nameOf(fromGitTree), base: nameOf(fromGitDiff) }
}

/** Throws `usage-error` if files were named and none is left. */
export function checkSome(
  files: number,
  paths: readonly string[],
  { leftOut }: Pick<Gathered, 'leftOut'>,
): void {
  if (files > 0 || paths.length === 0) return
  const why = leftOut.length === 0 ? 'there are no files there' : `all was left out`
  const message = `nothing is left to contribute of ${paths.join(', ')}: ${why}`
  throw new GroveError('usage-error', { leftOut }, { message })
}

function noteGathered({ output }: CliSession, gathered: Gathered): void {
  const { files, leftOut, suspects } = gathered
  for (const [reason, all] of Map.groupBy(leftOut, (each) => each.reason))
    note(output, `left out, ${reason}: ${listed(all.map(({ path }) => path))}`)
  if (leftOut.some(({ reason }) => insistable.has(reason)))
    note(output, 'to contribute some of that all the same, use --include')
  if (suspects.length > 0)
    note(output, `published, though there may be secrets in it: ${listed(suspects)}`)
  const layouts = gitLayouts(files.map(({ path }) => path))
  if (layouts.length > 0)
    note(output, `like a git repository, so that others must trust it: ${listed(layouts)}`)
}

const insistable: ReadonlySet<Reason> = new Set(['hidden', 'ignored', 'private key'])

/** The first of some paths, and how many more there are. */
export function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, NAMED_MAX).map(shownPath).join(', ')
  const more = paths.length - NAMED_MAX
  return more > 0 ? `${shown} and ${plural(more, 'more path')} (--json lists all)` : shown
}
