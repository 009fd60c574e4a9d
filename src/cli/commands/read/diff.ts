import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { allFiles, pathMeant } from '../../../api/client/files.ts'
import type { Cid } from '../../../core/cid.ts'
import type { ContributionView, Score } from '../../../core/contribution/schema.ts'
import { GroveError } from '../../../core/errors.ts'
import type { FileEntry } from '../../../core/wire/files.ts'
import { compareFiles } from '../../../git/compare.ts'
import type { OpenFile } from '../../../workspace/file.ts'
import { placeIn } from '../../../workspace/paths.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { formatPath } from '../../output/files.ts'
import {
  arrow,
  formatScore,
  numberFormat,
  printable,
  printableLines,
  short,
} from '../../output/format.ts'
import { note, print, style } from '../../output/output.ts'

/** A file or link that differs between the two. */
interface Change {
  readonly path: string
  readonly parent: FileEntry | null
  readonly child: FileEntry | null
}

/** `grove diff`: shows what one contribution changed in another. */
export function addDiff(program: Command, context: Context): void {
  program
    .command('diff')
    .description('Show how the files of two contributions differ, as a unified diff')
    .argument('<parent>', 'content id, or its first hex digits')
    .argument('<child>', 'content id, or its first hex digits')
    .argument('[path]', 'only this file')
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
  const files = [
    await allFiles(grove, parent, { signal }),
    await allFiles(grove, child, { signal }),
  ] as const
  const all = changesBetween(files[0], files[1])
  const paths = files.flat().map(({ path }) => path)
  const meant = only === undefined ? undefined : pathMeant(paths, only)
  if (only !== undefined && meant === undefined) throw noSuchFile(only, [parent, child])
  const changes = meant === undefined ? all : all.filter(({ path }) => path === meant)
  const directory = await mkdtemp(join(tmpdir(), 'grove-diff-'))
  try {
    await Promise.all([
      download(session, parent, join(directory, 'parent'), sideOf(changes, 'parent')),
      download(session, child, join(directory, 'child'), sideOf(changes, 'child')),
    ])
    const patch = await compareFiles(directory, 'parent', 'child', {
      env: { ...session.env },
      binary: session.json || session.output.answer.isTTY !== true,
    })
    const said = { parent, child, changes: changes.map(inShort), patch: patch ?? null }
    answer(session, said, () => {
      printScores(session, views[0], views[1])
      if (patch !== undefined) printPatch(session, patch)
    })
    if (patch === undefined && !session.json) await printBoth(session, directory, changes)
    if (changes.length === 0 && !session.json) note(session.output, 'no file differs')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The files that differ, by path. */
function changesBetween(parent: readonly FileEntry[], child: readonly FileEntry[]): Change[] {
  const [before, after] = [parent, child].map(
    (files) => new Map(files.map((file) => [file.path, file])),
  )
  const paths = [...new Set([...parent, ...child].map(({ path }) => path))].toSorted()
  return paths
    .map((path) => ({
      path,
      parent: before?.get(path) ?? null,
      child: after?.get(path) ?? null,
    }))
    .filter((change) => contentOf(change.parent) !== contentOf(change.child))
}

/** A change in JSON: the hashes of both sides. */
const inShort = ({ path, parent, child }: Change) => ({
  artifact: path,
  parent: parent?.hash ?? null,
  child: child?.hash ?? null,
})

function contentOf(file: FileEntry | null): string | null {
  return file && `${file.hash ?? ''} ${file.mode ?? ''} ${file.symlink ?? ''}`
}

function noSuchFile(path: string, [parent, child]: readonly [Cid, Cid]): GroveError {
  const message = `neither ${short(parent)} nor ${short(child)} has a file '${path}'`
  return new GroveError('not-found', { path }, { message })
}

const sideOf = (changes: readonly Change[], side: 'parent' | 'child') =>
  changes.flatMap((change) => change[side] ?? [])

async function download(
  { grove, signal }: CliSession,
  cid: Cid,
  directory: string,
  entries: readonly FileEntry[],
): Promise<void> {
  const files = entries.map(({ path, hash, symlink = '', mode }) =>
    hash === undefined ? { path, symlink } : { path, hash, executable: mode !== undefined },
  )
  const read: OpenFile = async ({ path }, aborted) =>
    (await grove.file({ cid, path }, { signal: aborted })).body
  if (files.length === 0) return void (await mkdir(directory))
  // Imported here, since it would slow the start of other commands.
  const { writeWorkspace } = await import('../../../workspace/workspace.ts')
  await writeWorkspace(directory, files, read, { signal })
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
  directory: string,
  changes: readonly Change[],
): Promise<void> {
  note(output, 'git is not installed, so both versions follow')
  for (const { path, ...sides } of changes) {
    for (const side of ['parent', 'child'] as const) {
      if (sides[side] === null) continue
      const { symlink } = sides[side]
      print(output, style(output, 'bold', `${side}/${formatPath(path)}`))
      const text = symlink ?? (await readFile(placeIn(join(directory, side), path), 'utf8'))
      print(output, printableLines(text))
    }
  }
}
