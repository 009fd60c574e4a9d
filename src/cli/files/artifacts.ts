import { readdir, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, sep } from 'node:path'
import { sourceOnDisk, type TreeSource } from '../../api/client/tree-source.ts'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'

/** The files found, and what was left out and why. */
export interface Collected {
  readonly files: readonly TreeSource[]
  readonly leftOut: readonly string[]
}

/**
 * The artifacts of some paths. A file below the working directory is named by its path from there,
 * any other by its file name. A directory's files are named by their paths below it, so that a
 * checkout can be published again under the same names.
 * Throws `usage-error` naming the path.
 */
export async function artifactsOfPaths(paths: readonly string[]): Promise<Collected> {
  const parts: Collected[] = []
  for (const path of paths) parts.push(await artifactsOfPath(path))
  return joined(parts)
}

/** Several collections as one. */
export function joined(parts: readonly Collected[]): Collected {
  return {
    files: parts.flatMap((part) => part.files),
    leftOut: parts.flatMap((part) => part.leftOut),
  }
}

/** Whether a file is left out, since it is hidden. */
export const isHidden = (path: string): boolean => path.startsWith('.')

async function artifactsOfPath(path: string): Promise<Collected> {
  const info = await infoOf(path)
  if (info.isDirectory()) return artifactsOfDirectory(path)
  if (!info.isFile()) throw usage(`${path} is neither a file nor a directory`)
  const below = relative(process.cwd(), path)
  const name =
    below.startsWith('..') || isAbsolute(below) ? basename(path) : below.split(sep).join('/')
  if (isHidden(name)) throw usage(`'${name}' is hidden: contribute its folder, or rename it`)
  return { files: await sourcesOf(name, path), leftOut: [] }
}

async function infoOf(path: string) {
  try {
    return await stat(path)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw usage(`there is no file or directory ${path}`)
    throw usage(`${path} cannot be read (${errnoOf(cause) || String(cause)})`)
  }
}

async function artifactsOfDirectory(directory: string): Promise<Collected> {
  const files: TreeSource[] = []
  const leftOut: string[] = []
  const waiting = ['']
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const entries = await readdir(join(directory, folder), { withFileTypes: true })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      const reason = reasonToLeaveOut(name, entry)
      if (reason !== undefined) leftOut.push(`${name} (${reason})`)
      else if (entry.isDirectory()) waiting.push(name)
      else files.push(...(await sourcesOf(name, join(directory, name))))
    }
  }
  return { files, leftOut }
}

function reasonToLeaveOut(
  name: string,
  entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean },
): string | undefined {
  if (name.startsWith('.') || name.endsWith('/.git')) return 'hidden'
  const isKept = entry.isDirectory() || entry.isFile() || entry.isSymbolicLink()
  return isKept ? undefined : 'special file'
}

async function sourcesOf(path: string, file: string): Promise<TreeSource[]> {
  const source = await sourceOnDisk(path, file)
  return source === undefined ? [] : [source]
}

function usage(message: string): GroveError {
  return new GroveError('usage-error', {}, { message })
}
