import { realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, relative, resolve, sep } from 'node:path'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { belongsToGrove } from '../disk/grove-directory.ts'
import { isWithin } from '../git/repository.ts'
import { consider } from './consider.ts'
import { gatherFolder } from './folder.ts'
import { type Gathered, Gathering, type GatherOptions, joined, usage } from './gathered.ts'
import { patternsBelow, patternsOf } from './patterns.ts'

/**
 * The files of some paths. A file below the working directory is named by its path from there, any
 * other by its file name; those of a folder by their paths below it, so that a checkout can be
 * published again under the same names. A path that is named is taken, hidden or not, unless it is
 * a grove's own or a private key. Throws `usage-error` naming the path.
 */
export async function gatherPaths(
  paths: readonly string[],
  options: GatherOptions,
): Promise<Gathered> {
  const parts: Gathered[] = []
  const named = new Set<string>()
  for (const path of paths) {
    const place = resolve(path)
    if (named.has(place)) throw usage(`${path} is named twice: name it once`)
    named.add(place)
    parts.push(await gatherPath(path, options))
  }
  return joined(parts)
}

async function gatherPath(path: string, options: GatherOptions): Promise<Gathered> {
  const info = await infoOf(path)
  if (info.isDirectory() && !(await belongsToGrove(path))) return gatherFolder(path, options)
  const below = relative(process.cwd(), path)
  const isBelow = below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)
  const name = isBelow ? below.split(sep).join('/') : basename(resolve(path))
  return gatherFile(path, name, options)
}

async function gatherFile(
  path: string,
  name: string,
  { include }: Pick<GatherOptions, 'include'>,
): Promise<Gathered> {
  const gathering = new Gathering()
  const info = await infoOf(path)
  if (await belongsToGrove(path)) gathering.leaveOut({ path: name, reason: "a grove's own" })
  else if (info.isFile()) {
    const isInsisted = include !== undefined && patternsOf(include).ignores(name)
    const file = Buffer.from(await realpath(path))
    await consider(gathering, { path: name, file, isNamed: true, isInsisted })
  } else throw usage(`${path} is neither a file nor a directory`)
  return gathering
}

/** What an agent may contribute from this machine without asking anybody. */
export interface FileRules {
  /** The folders whose files it may name. */
  readonly roots: readonly string[]
  /** Patterns of what it may take though it would stay home. */
  readonly include?: readonly string[] | undefined
}

/**
 * A file that an agent names, to be contributed under another path. It is wherever links lead, and
 * has to lie in a folder that the operator has given. What would stay home if that whole folder
 * were contributed is refused, but not what only `.gitignore` excludes: results often are. Throws
 * `refused`, `usage-error` for what is no file, and the system's error for what can't be read.
 */
export async function gatherForAgent(
  path: string,
  name: string,
  { roots, include = [] }: FileRules,
): Promise<Gathered> {
  if (!(await stat(path)).isFile()) throw usage(`${path} is not a file: name each file`)
  const file = await realpath(path)
  const places = await Promise.all(roots.map((root) => realpath(root)))
  const root = places.find((place) => isWithin(place, file))
  if (root === undefined) throw refused(path, `it is not below ${roots.join(' or ')}`)
  const below = relative(root, file).split(sep).join('/')
  if (await belongsToGrove(file)) throw refused(path, "it is a grove's own")
  const isInsisted = patternsOf(include).ignores(below)
  const { patterns } = await patternsBelow(root, { top: root, name: '.groveignore' })
  if (!isInsisted && (await patterns.excludes(below))) throw refused(path, 'it is ignored')
  const gathering = new Gathering()
  await consider(gathering, { path: below, file: Buffer.from(file), isInsisted })
  const [stays] = gathering.leftOut
  if (stays !== undefined) throw refused(path, `it stays home: ${stays.reason}`)
  return {
    files: gathering.files.map((each) => ({ ...each, path: name })),
    leftOut: [],
    suspects: gathering.suspects.map(() => name),
  }
}

function refused(path: string, why: string): GroveError {
  const message =
    `${path} can't be contributed: ${why}; ` +
    'who runs `grove mcp` can allow it by --files and --include'
  return new GroveError('refused', { path }, { message })
}

async function infoOf(path: string) {
  try {
    return await stat(path)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw usage(`there is no file or directory ${path}`, cause)
    throw usage(`${path} cannot be read (${errnoOf(cause) || String(cause)})`, cause)
  }
}
