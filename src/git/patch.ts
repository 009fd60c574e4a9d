import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { GroveError } from '../core/errors.ts'
import type { ShadowGit } from './shadow.ts'

/**
 * The form of a patch that `git apply` takes, whatever the user's configuration says: it can drop
 * the prefixes, add colours, convert binary files to text and show other programs' diffs.
 */
export const patchForm = [
  '--patch',
  '--binary',
  '--full-index',
  '-U3',
  '--inter-hunk-context=0',
  '--no-relative',
  '--no-renames',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--submodule=short',
  '--ignore-submodules=dirty',
  '-O/dev/null',
] as const

/** A file of ours, as long as the repository's shadow is there. */
export interface PatchFile {
  readonly file: string
  readonly sizeBytes: number
}

/**
 * Writes the patch from a revision to the tracked files of the work tree, by paths from its top;
 * undefined if nothing differs. Throws `usage-error` with git's message, also if git would not
 * apply the patch.
 */
export async function writePatch(git: ShadowGit, base: string): Promise<PatchFile | undefined> {
  const file = join(git.dir, 'changes.patch')
  const args = [
    'diff',
    ...patchForm,
    '--src-prefix=a/',
    '--dst-prefix=b/',
    '--end-of-options',
    base,
  ]
  const child = git.start(git.repository.folder, args)
  const said = text(child.stderr)
  await pipeline(child.stdout, createWriteStream(file))
  const code = await child.ended
  if (code !== 0) throw git.failed({ code, stderr: await said })
  const { size: sizeBytes } = await stat(file)
  if (sizeBytes === 0) return undefined
  await checkPatch(git, base, file)
  return { file, sizeBytes }
}

async function checkPatch(git: ShadowGit, base: string, file: string): Promise<void> {
  const { folder } = git.repository
  const env = { GIT_INDEX_FILE: join(git.dir, 'base-index') }
  await git.output(folder, ['read-tree', '--end-of-options', base], env)
  const args = ['apply', '--check', '--cached', '--whitespace=nowarn', '--', file]
  const { code, stderr } = await git.run(folder, args, env)
  if (code === 0) return
  const message = `the patch from ${base} would not apply there: ${stderr.trim().split('\n')[0]}`
  throw new GroveError('usage-error', { base }, { message })
}
