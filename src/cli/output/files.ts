import { shownPath } from '../../core/contribution/choice.ts'
import { formatSize } from '../../core/units.ts'
import type { FileEntry } from '../../core/wire/files.ts'
import { short } from './format.ts'
import type { Table } from './table.ts'

/** What `grove show` and `grove files` say of a file that a fetch would bring. */
const NOT_HERE = 'not here yet (grove fetch brings it)'

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
      shownPath(file.path),
      file.sizeBytes === undefined ? '' : formatSize(file.sizeBytes),
      file.hash === undefined ? '' : short(file.hash),
      remarkOn(file),
    ]),
  }
}

function remarkOn({ symlink, mode, state }: FileEntry): string {
  if (symlink !== undefined) return `→ ${shownPath(symlink)}`
  if (state === 'missing') return NOT_HERE
  return mode === undefined ? '' : 'executable'
}
