import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Cid } from '../../../core/cid.ts'
import type { ContributionView } from '../../../core/contribution/schema.ts'
import { GroveError } from '../../../core/errors.ts'
import { compareFiles } from '../../../git/compare.ts'
import { writeWorkspace } from '../../../workspace/workspace.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { formatScore, printable, printableLines, short } from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'

/** An artifact that differs between the two. */
interface Change {
  readonly artifact: string
  readonly parent: Cid | null
  readonly child: Cid | null
}

/** `grove diff`: shows what one contribution changed in another. */
export function addDiff(program: Command, context: Context): void {
  program
    .command('diff')
    .description('Show how the artifacts of two contributions differ, as a unified diff')
    .argument('<parent>', 'content id, or its first hex digits')
    .argument('<child>', 'content id, or its first hex digits')
    .argument('[artifact]', 'only this artifact')
    .addHelpText(
      'after',
      examples([
        'grove diff 24c41ac12fbc 836066ad85f6',
        'grove diff 24c41ac12fbc 836066ad85f6 src/train.py',
      ]),
    )
    .action(
      (parent: string, child: string, artifact: string | undefined, _: object, self: Command) =>
        withGrove(context, self, (session) => diff(session, [parent, child], artifact)),
    )
}

async function diff(
  session: CliSession,
  texts: readonly [string, string],
  artifact: string | undefined,
): Promise<void> {
  const { grove, signal } = session
  const [parent, child] = [await cidOf(session, texts[0]), await cidOf(session, texts[1])]
  const views = [
    await grove.contribution({ cid: parent }, { signal }),
    await grove.contribution({ cid: child }, { signal }),
  ] as const
  const changes = changesBetween(views[0], views[1], artifact)
  const directory = await mkdtemp(join(tmpdir(), 'grove-diff-'))
  try {
    await Promise.all([
      download(session, join(directory, 'parent'), changes, 'parent'),
      download(session, join(directory, 'child'), changes, 'child'),
    ])
    const patch = await compareFiles(directory, 'parent', 'child', {
      env: { ...session.env },
      binary: session.json || session.output.answer.isTTY !== true,
    })
    answer(session, { parent, child, changes, patch: patch ?? null }, () => {
      printScores(session, views[0], views[1])
      if (patch !== undefined) printPatch(session, patch)
    })
    if (patch === undefined && !session.json) await printBoth(session, directory, changes)
    if (changes.length === 0 && !session.json) note(session.output, 'no artifact differs')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function changesBetween(
  parent: ContributionView,
  child: ContributionView,
  only: string | undefined,
): Change[] {
  const names = [
    ...new Set([...Object.keys(parent.artifacts), ...Object.keys(child.artifacts)]),
  ].toSorted()
  if (only !== undefined && !names.includes(only)) {
    const known = names.length === 0 ? '' : `: they have ${names.join(', ')}`
    const both = `neither ${short(parent.cid)} nor ${short(child.cid)}`
    const message = `${both} has an artifact '${only}'${known}`
    throw new GroveError('not-found', { name: only }, { message })
  }
  return names
    .filter((name) => (only ?? name) === name)
    .map((artifact) => ({
      artifact,
      parent: hashIn(parent, artifact),
      child: hashIn(child, artifact),
    }))
    .filter((change) => change.parent !== change.child)
}

function hashIn({ artifacts }: ContributionView, name: string): Cid | null {
  return (Object.hasOwn(artifacts, name) ? artifacts[name] : undefined) ?? null
}

async function download(
  { grove, signal }: CliSession,
  directory: string,
  changes: readonly Change[],
  side: 'parent' | 'child',
): Promise<void> {
  const files = changes.flatMap((change) => {
    const hash = change[side]
    if (hash === null) return []
    return [{ path: change.artifact, hash }]
  })
  const read = async ({ hash }: { readonly hash: Cid }, aborted: AbortSignal) =>
    (await grove.blob({ hash }, { signal: aborted })).body
  if (files.length === 0) await mkdir(directory)
  else await writeWorkspace(directory, files, read, { signal })
}

/**
 * A file or pipe gets the patch as it is, for `git apply`; a terminal gets it coloured and made
 * safe.
 */
function printPatch({ output }: CliSession, patch: string): void {
  if (patch === '') return
  if (output.answer.isTTY !== true) {
    print(output, patch.replace(/\n$/, ''))
    return
  }
  for (const line of printableLines(patch.trimEnd()).split('\n')) {
    const format = line.startsWith('+')
      ? 'green'
      : line.startsWith('-')
        ? 'red'
        : line.startsWith('@@')
          ? 'cyan'
          : undefined
    print(output, format === undefined ? line : style(output, format, line))
  }
}

/** Writes scores to stderr, so that stdout stays a patch. */
function printScores(
  { output }: CliSession,
  parent: ContributionView,
  child: ContributionView,
): void {
  for (const [name, score] of Object.entries(child.scores ?? {})) {
    const before =
      parent.scores !== undefined && Object.hasOwn(parent.scores, name)
        ? parent.scores[name]
        : undefined
    const after = formatScore(name, score)
    const label = `${printable(name)} `
    note(
      output,
      before === undefined ? after : `${label}${before.value} → ${after.slice(label.length)}`,
    )
  }
}

/** Without git: prints both versions, one after the other. */
async function printBoth(
  { output }: CliSession,
  directory: string,
  changes: readonly Change[],
): Promise<void> {
  note(output, 'git is not installed, so both versions follow')
  for (const { artifact, ...sides } of changes) {
    for (const side of ['parent', 'child'] as const) {
      if (sides[side] === null) continue
      print(output, style(output, 'bold', `${side}/${artifact}`))
      print(output, printableLines(await readFile(join(directory, side, artifact), 'utf8')))
    }
  }
}
