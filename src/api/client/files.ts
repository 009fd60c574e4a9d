import { type Cid, shortCid } from '../../core/cid.ts'
import { INDEX_NAME } from '../../core/contribution/pack.ts'
import type { ContributionView } from '../../core/contribution/schema.ts'
import { isPack } from '../../core/contribution/tree.ts'
import { GroveError } from '../../core/errors.ts'
import { LIST_MAX } from '../../core/limits.ts'
import type { FileEntry } from '../../core/wire/files.ts'
import type { CallOptions, GroveApi } from './api.ts'

/** All files of a held contribution. Throws as the operation `files`. */
export async function allFiles(
  grove: GroveApi,
  cid: Cid,
  options: CallOptions = {},
): Promise<FileEntry[]> {
  const files: FileEntry[] = []
  for (let offset: number | undefined = 0; offset !== undefined; ) {
    const page = await grove.files({ cid, offset, limit: LIST_MAX }, options)
    for (const file of page.files) files.push(file)
    offset = page.next
  }
  return files
}

/**
 * The files that were chosen by path or name, in the order of the list. The list of a pack is
 * fetched if it isn't held. Throws `not-found` naming what there is no file for,
 * `fetch-incomplete`.
 */
export async function chosenFiles(
  grove: GroveApi,
  contribution: ContributionView,
  chosen: readonly string[],
  { peer, ...options }: CallOptions & { readonly peer?: string } = {},
): Promise<FileEntry[]> {
  const { cid } = contribution
  if (isPack(contribution)) {
    const list = { cid, peer, ancestors: 0, artifacts: [INDEX_NAME] }
    const { missing } = await grove.fetchContribution(list, options)
    if (missing.length > 0) throw new GroveError('fetch-incomplete', { cid, missing })
  }
  const files = await allFiles(grove, cid, options)
  const byPath = new Map(files.map((file) => [file.path, file]))
  const byName = new Map(files.map((file) => [file.name, file]))
  const fileFor = (text: string) =>
    byPath.get(text) ?? byName.get(text) ?? byPath.get(pathMeant(byPath.keys(), text) ?? text)
  const found = new Map(chosen.map((text) => [text, fileFor(text)]))
  const lost = chosen.filter((text) => found.get(text) === undefined)
  if (lost.length > 0) {
    const message = `${shortCid(cid)} has no file ${lost.map((text) => `'${text}'`).join(', ')}`
    throw new GroveError('not-found', { cid, paths: lost }, { message })
  }
  const wanted = new Set(found.values())
  return files.filter((file) => wanted.has(file))
}

/**
 * The path that was meant: the one that was given, else the only one that differs from it just in
 * how its accents are composed. Undefined if there is none.
 */
export function pathMeant(paths: Iterable<string>, text: string): string | undefined {
  const all = new Set(paths)
  if (all.has(text)) return text
  const composed = text.normalize('NFC')
  const [first, ...more] = [...all].filter((path) => path.normalize('NFC') === composed)
  return more.length === 0 ? first : undefined
}

/** The names of the artifacts that hold these files, each once. */
export function artifactsOf(files: readonly FileEntry[]): string[] {
  return [...new Set(files.flatMap(({ artifact }) => artifact ?? []))]
}
