import { dirname } from 'node:path'
import { patchForm } from './patch.ts'
import { gitEnvironment, gitFailed, isNoGit, runGit, type Variables } from './run.ts'

/**
 * A unified diff of two files or directories below `folder`, a folder of ours, by their paths from
 * there; undefined without git. With `binary` it can be applied to binary files too, at the cost of
 * their bytes. No repository around the folder is looked at.
 */
export async function compareFiles(
  folder: string,
  before: string,
  after: string,
  { env, binary }: { readonly env: Variables; readonly binary: boolean },
): Promise<string | undefined> {
  const variables = { ...gitEnvironment(env), GIT_CEILING_DIRECTORIES: dirname(folder) }
  const form = patchForm.filter((option) => binary || option !== '--binary')
  const args = ['diff', ...form, '--no-prefix', '--no-index', '--', before, after]
  try {
    const outcome = await runGit({ cwd: folder, env: variables }, args)
    if (outcome.code > 1) throw gitFailed(outcome)
    return outcome.stdout.toString('utf8')
  } catch (error) {
    if (isNoGit(error)) return undefined
    throw error
  }
}
