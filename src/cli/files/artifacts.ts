import { createReadStream } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, sep } from 'node:path'
import { artifactNameSchema } from '../../core/contribution/schema.ts'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import { ARTIFACTS_MAX } from '../../core/limits.ts'

/** A file to publish as an artifact. */
export interface ArtifactSource {
  readonly name: string
  /** Undefined if it isn't known beforehand. */
  readonly sizeBytes: number | undefined
  open(): AsyncIterable<Uint8Array>
}

/** The artifacts found, and what was left out and why. */
export interface Collected {
  readonly artifacts: readonly ArtifactSource[]
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

/** Several collections as one. Throws `usage-error` for duplicate names or too many artifacts. */
export function joined(parts: readonly Collected[]): Collected {
  const artifacts = parts.flatMap((part) => part.artifacts)
  const names = new Set<string>()
  for (const { name } of artifacts) {
    if (names.has(name))
      throw usage(
        `two artifacts would be named '${name}': contribute their common directory, or rename one`,
      )
    names.add(name)
  }
  if (artifacts.length > ARTIFACTS_MAX) throw tooMany(artifacts.length)
  return { artifacts, leftOut: parts.flatMap((part) => part.leftOut) }
}

/** Whether an artifact can have this name; hidden files are left out. Throws `usage-error`. */
export function checkName(name: string): 'fits' | 'hidden' {
  if (name.startsWith('.')) return 'hidden'
  const result = artifactNameSchema.safeParse(name)
  if (result.success) return 'fits'
  const issues = result.error.issues.map((issue) => issue.message).join(', ')
  throw usage(`'${name}' cannot name an artifact: it ${issues}; rename it`)
}

async function artifactsOfPath(path: string): Promise<Collected> {
  const info = await infoOf(path)
  if (info.isDirectory()) return artifactsOfDirectory(path)
  if (!info.isFile()) throw usage(`${path} is neither a file nor a directory`)
  const below = relative(process.cwd(), path)
  const name =
    below.startsWith('..') || isAbsolute(below) ? basename(path) : below.split(sep).join('/')
  if (checkName(name) === 'hidden')
    throw usage(`'${name}' cannot name an artifact: names start with a letter or digit; rename it`)
  return { artifacts: [fileSource(name, path, info.size)], leftOut: [] }
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
  const artifacts: ArtifactSource[] = []
  const leftOut: string[] = []
  const waiting = ['']
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const entries = await readdir(join(directory, folder), { withFileTypes: true })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      const reason = reasonToLeaveOut(name, entry)
      if (reason !== undefined) leftOut.push(`${name} (${reason})`)
      else if (entry.isDirectory()) waiting.push(name)
      else {
        checkName(name)
        artifacts.push(
          fileSource(name, join(directory, name), (await lstat(join(directory, name))).size),
        )
        if (artifacts.length > ARTIFACTS_MAX) throw tooMany(artifacts.length)
      }
    }
  }
  return { artifacts, leftOut }
}

function reasonToLeaveOut(
  name: string,
  entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean },
): string | undefined {
  if (name.startsWith('.') || name.endsWith('/.git')) return 'hidden'
  if (entry.isSymbolicLink()) return 'symbolic link'
  return entry.isDirectory() || entry.isFile() ? undefined : 'special file'
}

function fileSource(name: string, path: string, sizeBytes: number): ArtifactSource {
  return { name, sizeBytes, open: () => createReadStream(path) }
}

function tooMany(count: number): GroveError {
  return usage(
    `${count} artifacts are too many (at most ${ARTIFACTS_MAX}): ` +
      'contribute a smaller directory, or an archive of it',
  )
}

function usage(message: string): GroveError {
  return new GroveError('usage-error', {}, { message })
}
