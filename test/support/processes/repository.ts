import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cleanEnvironment } from './environment.ts'

/** Git is absent from some machines: then what needs it is skipped. */
export const noGit = spawnSync('git', ['--version']).status !== 0 && 'no git here'

/** A git repository in a folder, and the home of a user whose configuration says next to nothing. */
export interface TestRepository {
  readonly folder: string
  /** The environment of this user. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs git as this user in the folder, or in one below; it must succeed. Returns its output. */
  git(...args: readonly string[]): string
  /** The same with an input. */
  gitWith(input: string | Buffer, ...args: readonly string[]): string
  /** Writes files, by paths. */
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>
  /** Adds all files and commits them. Returns the commit. */
  commit(files?: Readonly<Record<string, string | Buffer>>): Promise<string>
}

/** Makes a repository below a folder of the test; the user's home lies beside it. */
export async function testRepository(
  parent: string,
  name = 'repository',
  ...options: readonly string[]
): Promise<TestRepository> {
  const folder = join(parent, name)
  const home = join(parent, `${name}-home`)
  await mkdir(folder, { recursive: true })
  await mkdir(home, { recursive: true })
  await writeFile(
    join(home, '.gitconfig'),
    '[user]\n\tname = t\n\temail = t@t\n[init]\n\tdefaultBranch = main\n' +
      '[protocol "file"]\n\tallow = always\n[commit]\n\tgpgsign = false\n',
  )
  const own = Object.entries(cleanEnvironment()).filter(([key]) => !/^(GIT_|XDG_)/.test(key))
  const env = { ...Object.fromEntries(own), HOME: home, GIT_CONFIG_NOSYSTEM: '1' }
  const gitWith = (input: string | Buffer, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: folder, env, input })
    assert.equal(status, 0, `git ${args.join(' ')}: ${stderr}`)
    return stdout.toString('utf8').trimEnd()
  }
  const git = (...args: readonly string[]) => gitWith('', ...args)
  const write = (files: Readonly<Record<string, string | Buffer>>) => writeFiles(folder, files)
  const commit = async (files = {}) => {
    await write(files)
    git('add', '--all', '--force')
    git('commit', '--quiet', '--allow-empty', '--message', 'a commit')
    return git('rev-parse', 'HEAD')
  }
  git('init', '--quiet', ...options)
  return { folder, env, git, gitWith, write, commit }
}

/** Writes files into a folder, by paths. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}
