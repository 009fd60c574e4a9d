import { spawnSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** The last commit that speaks federation 1 and writes directories of schema 1. */
const LAST_VERSION = '5188d53cbe45e16c29276c3492023f866ae7745e'

/**
 * Unpacks the last version from this project's history into a new folder. Returns the main file of
 * its command line; undefined if the clone's history does not go back so far.
 */
export async function lastVersion(folder: string): Promise<string | undefined> {
  const archive = spawnSync('git', ['archive', LAST_VERSION, 'src', 'package.json'], {
    cwd: root,
    maxBuffer: 256 * 1024 * 1024,
  })
  if (archive.status !== 0) return undefined
  await mkdir(folder)
  const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input: archive.stdout })
  if (status !== 0) throw new Error(`tar failed: ${stderr}`)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'src/cli/main.ts')
}
