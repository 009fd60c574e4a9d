import type { FileEntry } from '../../core/wire/files.ts'
import { formatSize, printable, short } from './format.ts'
import type { Table } from './table.ts'

/** What `grove show` and `grove files` say of a file that a fetch would bring. */
const NOT_HERE = 'not here yet (grove fetch brings it)'

/** A path as people read it: a byte that is not UTF-8 is `\xHH`. */
export function formatPath(path: string): string {
  return printable(
    path.replace(/[\udc80-\udcff]/gu, (byte) => `\\x${byte.charCodeAt(0).toString(16).slice(2)}`),
  )
}

/** Files with their sizes; a link with its target. */
export function filesTable(files: readonly FileEntry[]): Table {
  return {
    columns: [
      { title: 'file', min: 20, cutStart: true },
      { title: 'size', align: 'right' },
      { title: 'hash' },
      { title: '' },
    ],
    rows: files.map((file) => [
      formatPath(file.path),
      file.sizeBytes === undefined ? '' : formatSize(file.sizeBytes),
      file.hash === undefined ? '' : short(file.hash),
      remarkOn(file),
    ]),
  }
}

function remarkOn({ symlink, mode, state }: FileEntry): string {
  if (symlink !== undefined) return `→ ${formatPath(symlink)}`
  if (state === 'missing') return NOT_HERE
  return mode === undefined ? '' : 'executable'
}
