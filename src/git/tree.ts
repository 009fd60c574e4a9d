import { pathsIn } from './files.ts'
import type { ShadowGit } from './shadow.ts'

/** A file, symbolic link or submodule of a revision. */
export interface TreeEntry {
  readonly path: string
  readonly type: 'file' | 'executable' | 'symlink' | 'submodule'
  /** The id of its object. */
  readonly object: string
  /** 0 for a submodule. */
  readonly sizeBytes: number
}

const types: Readonly<Record<string, TreeEntry['type']>> = {
  '120000': 'symlink',
  '160000': 'submodule',
  '100755': 'executable',
}

/** What a revision has below a folder, by paths from there. Throws `usage-error`. */
export async function listTree(
  git: ShadowGit,
  folder: string,
  revision: string,
): Promise<TreeEntry[]> {
  const args = ['ls-tree', '-r', '-z', '-l', '--end-of-options', revision]
  return pathsIn(await git.output(folder, args)).map((line) => {
    const tab = line.indexOf('\t')
    const [mode = '', , object = '', size = ''] = line.slice(0, tab).split(/ +/)
    const path = line.slice(tab + 1)
    return { path, type: types[mode] ?? 'file', object, sizeBytes: size === '-' ? 0 : Number(size) }
  })
}

/** The commit that a revision names; undefined if it names something else. */
export async function commitOf(git: ShadowGit, revision: string): Promise<string | undefined> {
  const name = `${revision}^{commit}`
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', name]
  const { code, stdout } = await git.run(git.repository.folder, args)
  return code === 0 ? stdout.toString('ascii').trim() : undefined
}
