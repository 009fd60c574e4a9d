import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Differences } from '../../../api/client/differences.ts'
import { shownPath } from '../../../core/contribution/choice.ts'
import type { ContributionView, Score } from '../../../core/contribution/schema.ts'
import { placeIn } from '../../../workspace/paths.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { arrow, formatScore, numberFormat, printable, printableLines } from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'

/** `grove diff`: shows what one contribution changed in another. */
export function addDiff(program: Command, context: Context): void {
  program
    .command('diff')
    .description('Show how the files of two contributions differ, as a unified diff')
    .argument('<parent>', 'content id, or its first hex digits')
    .argument('<child>', 'content id, or its first hex digits')
    .argument('[path]', 'only this file, or what is below this folder')
    .addHelpText(
      'after',
      examples([
        'grove diff 24c41ac12fbc 836066ad85f6',
        'grove diff 24c41ac12fbc 836066ad85f6 src/train.py',
      ]),
    )
    .action((parent: string, child: string, path: string | undefined, _: object, self: Command) =>
      withGrove(context, self, (session) => diff(session, [parent, child], path)),
    )
}

async function diff(
  session: CliSession,
  texts: readonly [string, string],
  only: string | undefined,
): Promise<void> {
  const { grove, signal } = session
  const [parent, child] = [await cidOf(session, texts[0]), await cidOf(session, texts[1])]
  const views = [
    await grove.contribution({ cid: parent }, { signal }),
    await grove.contribution({ cid: child }, { signal }),
  ] as const
  const options = {
    path: only,
    env: { ...session.env },
    binary: session.json || session.output.answer.isTTY !== true,
    signal,
  }
  // Imported here, since it would slow the start of other commands.
  const { changeInShort, withDifferences } = await import('../../../api/client/differences.ts')
  await withDifferences(grove, [parent, child], options, async (found) => {
    const { changes, patch } = found
    const said = { parent, child, changes: changes.map(changeInShort), patch: patch ?? null }
    answer(session, said, () => {
      printScores(session, views[0], views[1])
      if (patch !== undefined) printPatch(session, patch)
    })
    if (patch === undefined && !session.json) await printBoth(session, found)
    if (changes.length === 0 && !session.json) note(session.output, 'no file differs')
  })
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
    note(output, scoreChange(name, score, before))
  }
}

/** `val_bpb 0.98333 → 0.96667 bpb ↓`. Pure. */
export function scoreChange(name: string, score: Score, before: Score | undefined): string {
  if (before === undefined) return formatScore(name, score)
  const [from, to] = [before.value, score.value].map(numberFormat([before.value, score.value]))
  const unit = score.unit === undefined ? '' : ` ${printable(score.unit)}`
  return `${printable(name)} ${from?.trim()} → ${to?.trim()}${unit} ${arrow(score.direction)}`
}

/** Without git: prints both versions, one after the other. */
async function printBoth(
  { output }: CliSession,
  { directory, changes }: Differences,
): Promise<void> {
  note(output, 'git is not installed, so both versions follow')
  for (const { path, ...sides } of changes) {
    for (const side of ['parent', 'child'] as const) {
      if (sides[side] === null) continue
      const { symlink } = sides[side]
      print(output, style(output, 'bold', `${side}/${shownPath(path)}`))
      const text = symlink ?? (await readFile(placeIn(join(directory, side), path), 'utf8'))
      print(output, printableLines(text))
    }
  }
}
