import { withoutSlashes } from '../text.ts'
import type { TreeFile } from './tree.ts'

type Named = Pick<TreeFile, 'path' | 'name'>

/** What people meant by some texts among the files of a contribution. */
export interface FileChoice<F extends Named> {
  /** In the order of the list. */
  readonly files: readonly F[]
  /** Texts that name nothing. */
  readonly lost: readonly string[]
}

/**
 * The files that these texts mean: each a path, a name, a path as it is shown, or a folder, which
 * means all files below it.
 */
export function chosenFrom<F extends Named>(
  files: readonly F[],
  texts: readonly string[],
): FileChoice<F> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const byName = new Map(files.map((file) => [file.name, file]))
  const meant = texts.map((text) => {
    const exact = byPath.get(text) ?? byName.get(text)
    return exact === undefined ? meantBy(files, text) : [exact]
  })
  const wanted = new Set(meant.flat())
  return {
    files: files.filter((file) => wanted.has(file)),
    lost: texts.filter((_, index) => meant[index]?.length === 0),
  }
}

/** The only file whose accents are composed otherwise, or that is shown so; else a folder's. */
function meantBy<F extends Named>(files: readonly F[], text: string): readonly F[] {
  const composed = text.normalize('NFC')
  const alike = files.filter(({ path }) => path.normalize('NFC') === composed)
  if (alike.length === 1) return alike
  const shown = files.filter(({ path }) => shownPath(path) === text)
  if (shown.length === 1) return shown
  const folder = `${withoutSlashes(text).replace(/^\.\//, '')}/`
  return files.filter(({ path }) => path.startsWith(folder))
}

/** Characters that control a terminal or reorder its text, and bytes that are not UTF-8. */
const UNSHOWN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A path on one line: what can't be shown of it is escaped, a byte that is not UTF-8 as `\xHH`. */
export function shownPath(path: string): string {
  return path.replace(UNSHOWN, (character) => SHORT[character] ?? escaped(character.charCodeAt(0)))
}

function escaped(code: number): string {
  if (code >= 0xdc80) return `\\x${(code - 0xdc00).toString(16)}`
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}
