import { posix } from 'node:path'

/**
 * The rooms and files of src/node by level, lowest first. Each may import from itself and from
 * lower levels.
 */
const nodeRooms: readonly (readonly string[])[] = [
  ['events.ts', 'background.ts', 'node-ports.ts'],
  ['health.ts'],
  ['config.ts'],
  ['context.ts'],
  ['read-each.ts'],
  ['admit.ts', 'identity', 'serve', 'read', 'access'],
  ['peers'],
  ['transfer'],
  ['fetch'],
  ['sync', 'publish.ts', 'checkout.ts'],
  ['node.ts'],
]

/** The most files of code in a folder, for an overview at a glance. */
export const maxFiles = 15
/** Matches all imports of a file, of types too, and over several lines. */
const specifiersPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"]+)\1/g

/** What is wrong with an import between rooms of src/node; undefined if nothing is. */
export function roomFault(path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (
    !specifier.startsWith('.') ||
    !path.startsWith('src/node/') ||
    !target.startsWith('src/node/')
  )
    return undefined
  const [from, to] = [path, target].map((each) => each.split('/')[2] ?? '') as [string, string]
  const [own, other] = [from, to].map((room) => nodeRooms.findIndex((each) => each.includes(room)))
  if (own === undefined || own < 0) return `src/node/${from} is not in the order of rooms`
  return from === to || (other !== undefined && other >= 0 && other < own)
    ? undefined
    : `${from} may not import ${to}: it is not below it`
}

/** The import cycles among files, of types too, each as one path around. */
export function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]) => {
    const begun = way.indexOf(path)
    if (begun >= 0) found.push([...way.slice(begun), path].join(' → '))
    if (begun >= 0 || done.has(path)) return
    for (const target of imports.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

/** The project's files that a file imports, for types too. `code`: its lines. */
export function importsOf(path: string, code: readonly string[]): string[] {
  return [...code.join('\n').matchAll(specifiersPattern)]
    .map(([, , specifier = '']) => specifier)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier))
}

/** Folders with too many files of code. */
export function crowdedFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const path of paths)
    counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > maxFiles)
    .map(([folder, count]) => `${folder}: ${count} files, ${maxFiles} is the most`)
}
