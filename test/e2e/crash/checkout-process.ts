/**
 * Writes a workspace and kills itself before a change of the file system:
 * `checkout-process.ts <target> <texts as JSON> <number of the change> [in-order]`. A text that
 * begins with `-> ` is a link. In order, all changes before that one have ended, and none after it
 * has begun. Prints nothing; without such a change it ends with 0.
 */
import { writeWorkspace } from '../../../src/workspace/workspace.ts'
import { beforeChanges } from '../../support/files/system-calls.ts'
import { fileOf, reader } from '../../support/files/workspace.ts'

const [, , target = '', json = '{}', change = '0', order] = process.argv
const texts = JSON.parse(json) as Record<string, string>
const files = Object.entries(texts).map(([path, text]) =>
  text.startsWith('-> ') ? { path, symlink: text.slice(3) } : fileOf(path, text),
)
let changes = 0
beforeChanges(
  () => {
    changes++
    if (changes === Number(change)) process.kill(process.pid, 'SIGKILL')
  },
  { isInOrder: order === 'in-order' },
)
await writeWorkspace(target, files, reader(texts), { overwrite: true })
