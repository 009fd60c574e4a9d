import { readdir } from 'node:fs/promises'
import { gitLayouts } from '../core/contribution/git-layouts.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import type { WorkspaceFile } from './file.ts'
import { folderIn } from './paths.ts'

/**
 * What is written of foreign work: only its plain files, also executable bits and links (`modes`),
 * or everything.
 */
export type Trust = 'none' | 'modes' | 'all'

/** What was not written of foreign work: a file, a link, or that a file is executable. */
export interface Withheld {
  readonly path: string
  readonly what: 'hidden' | 'symlink' | 'executable'
}

/**
 * What is written of foreign work, and what is withheld. Tools obey hidden files unasked, so they
 * are withheld at any depth; links that lead out of the work are withheld unless all is trusted.
 * Throws `refused` where the files would make a git repository or a grove.
 */
export function withoutTrust<F extends WorkspaceFile>(
  files: readonly F[],
  trust: Trust,
): { readonly files: F[]; readonly withheld: Withheld[] } {
  if (trust === 'all') return { files: [...files], withheld: [] }
  refuse(layoutsAmong(files.map(({ path }) => path)))
  const withheld: Withheld[] = []
  const written: F[] = []
  for (const file of files) {
    const { path } = file
    if (isHidden(path)) withheld.push({ path, what: 'hidden' })
    else if ('symlink' in file && (trust === 'none' || !staysInside(path, file.symlink)))
      withheld.push({ path, what: 'symlink' })
    else if (trust === 'none' && 'executable' in file && file.executable === true) {
      withheld.push({ path, what: 'executable' })
      written.push({ ...file, executable: false })
    } else written.push(file)
  }
  return { files: written, withheld }
}

/**
 * Checks that files don't make a folder of the target a git repository together with what is in it,
 * and don't change one that is there. Throws `refused`.
 */
export async function refuseLayouts(
  target: string,
  files: readonly WorkspaceFile[],
): Promise<void> {
  const byFolder = new Map<string, string[]>()
  for (const { path } of files) {
    const parts = path.split('/')
    for (const [depth, name] of parts.entries()) {
      const folder = parts.slice(0, depth).join('/')
      const names = byFolder.get(folder)
      if (names === undefined) byFolder.set(folder, [name])
      else names.push(name)
    }
  }
  for (const [folder, names] of byFolder) {
    const there = await namesIn(target, folder)
    // A working tree with its own .git may get files.
    const isBare = gitLayouts([...there, ...names]).some((name) => gitLayouts([name]).length === 0)
    if (isBare) refuse(names.map((name) => (folder === '' ? name : `${folder}/${name}`)))
  }
}

async function namesIn(target: string, folder: string): Promise<string[]> {
  try {
    return await readdir(folder === '' ? target : folderIn(target, `${folder}/.`))
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return []
    throw cause
  }
}

function layoutsAmong(paths: readonly string[]): string[] {
  const groves = paths.filter((path) => path.split('/').some((part) => GROVE.test(part)))
  return [...gitLayouts(paths), ...groves]
}

function refuse(paths: readonly string[]): void {
  if (paths.length === 0) return
  const some = paths.slice(0, 3).join(', ')
  const rest = paths.length > 3 ? `, and ${paths.length - 3} more` : ''
  const message =
    `${some}${rest} would make the directory a git repository or a grove of somebody else, ` +
    'whose commands would then run here: the option trust allows it'
  throw new GroveError('refused', { paths: paths.slice(0, 20) }, { message })
}

/** Characters that HFS+ leaves out of names when it compares them. */
const IGNORED = '[\\u200c-\\u200f\\u202a-\\u202e\\u206a-\\u206f\\ufeff]*'
const HIDDEN = new RegExp(`^${IGNORED}\\.`, 'u')
const GROVE = new RegExp(`^${IGNORED}\\.grove(?:[. ]*|:.*)$`, 'iu')

function isHidden(path: string): boolean {
  return path.split('/').some((part) => HIDDEN.test(part))
}

/**
 * Whether a link leads to something in the work. `..` may only stand in front: behind another link
 * it would lead elsewhere than its text says.
 */
function staysInside(path: string, target: string): boolean {
  if (target.startsWith('/')) return false
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const up = parts.findIndex((part) => part !== '..')
  const ups = up < 0 ? parts.length : up
  const down = parts.slice(ups)
  return ups < path.split('/').length && !down.includes('..') && !isHidden(down.join('/'))
}
