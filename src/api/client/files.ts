import { type Cid, shortCid } from '../../core/cid.ts'
import { chosenFrom, shownPath } from '../../core/contribution/choice.ts'
import { pathOf } from '../../core/contribution/names.ts'
import { INDEX_NAME } from '../../core/contribution/pack.ts'
import { isPack, type TreeFile, treeOf } from '../../core/contribution/tree.ts'
import { GroveError } from '../../core/errors.ts'
import { LIST_MAX } from '../../core/limits.ts'
import { formatSize } from '../../core/units.ts'
import type { FetchResult, MissingItem } from '../../core/wire/fetch.ts'
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

/** Which contribution, of which its files are chosen, and whom to ask for it. */
interface ChosenAsk extends CallOptions {
  readonly peer?: string
  readonly timeoutMs?: number
}

/** The chosen files, and what was asked to find them. */
export interface ChosenFiles {
  readonly files: readonly (TreeFile | FileEntry)[]
  /** Names of the artifacts that hold them. */
  readonly artifacts: readonly string[]
  /** Where the contribution is, or what it took to list it. */
  readonly asked: readonly FetchResult[]
}

/**
 * The files that were chosen by path, name or folder, in the order of the list. Nothing is stored,
 * but for a pack, whose list is fetched if it isn't held. Throws `not-found` naming what there is
 * no file for, `fetch-incomplete`.
 */
export async function chosenFiles(
  grove: GroveApi,
  cid: Cid,
  chosen: readonly string[],
  { peer, timeoutMs, ...options }: ChosenAsk = {},
): Promise<ChosenFiles> {
  const ask = { cid, peer, timeoutMs, ancestors: 0 }
  const quote = await grove.fetchContribution({ ...ask, artifacts: 'none', quote: true }, options)
  const { contribution } = quote
  if (!isPack(contribution)) {
    const files = chosenOf(cid, treeOf(contribution).files, chosen)
    const named = files.filter(({ hash }) => hash !== undefined)
    return { files, artifacts: named.map(({ name }) => name), asked: [quote] }
  }
  const list = await grove.fetchContribution({ ...ask, artifacts: [INDEX_NAME] }, options)
  if (list.missing.length > 0) throw incomplete(list)
  const all = await allFiles(grove, cid, options)
  const isPart = (text: string) => Object.hasOwn(contribution.artifacts, text)
  const parts = chosen.filter((text) => isPart(text) && !all.some(({ path }) => path === text))
  const files = chosenOf(
    cid,
    all,
    chosen.filter((text) => !parts.includes(text)),
  )
  const artifacts = new Set([...parts, ...files.flatMap(({ artifact }) => artifact ?? [])])
  return { files, artifacts: [...artifacts], asked: [quote, list] }
}

/** The files that were chosen of these. Throws `not-found` naming what there is no file for. */
function chosenOf<F extends Pick<FileEntry, 'path' | 'name'>>(
  cid: Cid,
  all: readonly F[],
  chosen: readonly string[],
): readonly F[] {
  const { files, lost } = chosenFrom(all, chosen)
  if (lost.length === 0) return files
  const message = `${shortCid(cid)} has no file ${lost.map((text) => `'${text}'`).join(', ')}`
  throw new GroveError('not-found', { cid, paths: lost }, { message })
}

/** Items that an error names. */
const LOST_SHOWN = 3

/** A fetch that lacks something, as an error that says what, and why. */
export function incomplete(result: FetchResult): GroveError {
  const { contribution, missing } = result
  const lost = missing.map((item) => whatOf(item, result))
  const shown = lost.slice(0, LOST_SHOWN).join(', ')
  const more = lost.length > LOST_SHOWN ? ` and ${lost.length - LOST_SHOWN} more` : ''
  const why = [...new Set(missing.map(({ reason }) => whyMissing(reason)))].join('; ')
  const message = `${shown}${more} could not be had: ${why}`
  return new GroveError('fetch-incomplete', { cid: contribution.cid, missing }, { message })
}

/** What of a fetch is missing, as people know it: `big.bin (70.0 MiB)`. */
export function whatOf(item: MissingItem, { contribution, artifacts }: FetchResult): string {
  if ('cid' in item) return `the ancestor ${shortCid(item.cid)}`
  const artifact = artifacts.find(({ hash }) => hash === item.hash)
  if (artifact === undefined) return shortCid(item.hash)
  const size = artifact.sizeBytes < 0 ? '' : ` (${formatSize(artifact.sizeBytes)})`
  const name = isPack(contribution) ? 'a part of its pack' : shownPath(pathOf(artifact.name))
  return name + size
}

const reasons: Readonly<Record<string, string>> = {
  absent: 'no peer that was asked has it',
  'peer-unreachable': 'no peer that may have it answers',
  'peer-too-slow': 'the peers that have it are too slow',
  'fetch-timeout': 'its time ran out',
  'fetch-incomplete': 'only a part of it came',
  'fetch-bad-bytes': 'peers sent other bytes',
  'too-large': 'it is larger than the most bytes that may be moved',
}

/** Why something is missing, in words. */
export const whyMissing = (reason: string): string => reasons[reason] ?? reason
