/**
 * The paths that would make a folder a git repository, in the order given: those with a `.git` at
 * any depth, and those of a bare layout (`HEAD` beside `objects` and `refs`, or beside `commondir`,
 * which is all that git looks for). Git runs commands that a repository's configuration names, so
 * a stranger must not be able to make one. `paths` are those of all files that will be there,
 * those already in the target included. Names are compared as the most lenient file system does.
 * O(length of the paths).
 */
export function gitLayouts(paths: readonly string[]): string[] {
  const folders = new Map<string, BarePart[]>()
  const found = new Set<string>()
  for (const path of paths) {
    const names = path.split(/[/\\]/).map(fold)
    if (names.some((name) => name === '.git' || name === 'git~1')) found.add(path)
    for (const [depth, name] of names.entries()) {
      if (!bareNames.has(name)) continue
      const folder = names.slice(0, depth).join('/')
      const parts = folders.get(folder) ?? []
      if (parts.length === 0) folders.set(folder, parts)
      parts.push({ name, path })
    }
  }
  for (const parts of folders.values())
    if (isBare(new Set(parts.map(({ name }) => name))))
      for (const { path } of parts) found.add(path)
  return paths.filter((path) => found.has(path))
}

/** A path with one of the names that git looks for. */
interface BarePart {
  readonly name: string
  readonly path: string
}

const bareNames = new Set(['head', 'objects', 'refs', 'commondir'])

function isBare(names: ReadonlySet<string>): boolean {
  return (
    names.has('head') && (names.has('commondir') || (names.has('objects') && names.has('refs')))
  )
}

/** What HFS+ leaves out of a comparison: git's `next_hfs_char` (utf8.c). */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/**
 * A name as the most lenient file system compares it: by NFC and without case, without what HFS+
 * ignores, and without the stream and the dots and spaces at the end that Windows drops. Upper
 * case comes first, so that letters with the same capital are equal (`ſ` and `s`).
 */
function fold(name: string): string {
  if (plain.test(name)) return name
  return name
    .replace(ignoredByHfs, '')
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replace(/(?<=.):.*$/s, '')
    .replace(/(?<=.)[. ]+$/, '')
}

/** A name that is its own fold, as most are. */
const plain = /^[a-z0-9_-][a-z0-9_.-]*(?<!\.)$/
