/**
 * Prints how long the files and functions of src/ are, room by room.
 *
 *   npm run -s size             a table
 *   npm run -s size -- --json   the same as JSON
 */
import { dirname, join, relative, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'
import { tableOf } from '../sim/gossip/table.ts'

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')

/** The lengths of functions in lines, with signature and braces. */
interface Functions {
  readonly count: number
  readonly median: number
  readonly p90: number
  readonly max: number
  /** Where the longest begins. */
  readonly longest: string
}

interface Room {
  /** A folder of src/, from the project's root; the total is `src`. */
  readonly room: string
  readonly files: number
  readonly lines: number
  readonly longestFile: number
  readonly functions: Functions
}

interface Measured {
  readonly path: string
  readonly lines: number
  readonly functions: readonly { readonly at: string; readonly lines: number }[]
}

const functionKinds: readonly SyntaxKind[] = [
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]

function measureAll(): Measured[] {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] })
    const { program, rootFiles } =
      snapshot.getProjects()[0] ?? fail('tsconfig.json opens no project')
    return rootFiles
      .filter((path) => path.startsWith(`${src}${sep}`))
      .map((path) => measure(program.getSourceFile(path) ?? fail(`${path} can't be read`)))
  } finally {
    api.close()
  }
}

function measure(file: SourceFile): Measured {
  const path = relative(root, file.fileName).replaceAll(sep, '/')
  const lineOf = (position: number) => file.text.slice(0, position).split('\n').length
  const functions: Measured['functions'][number][] = []
  const visit = (node: Node): void => {
    if (isFunction(node)) {
      const first = lineOf(node.getStart(file))
      functions.push({ at: `${path}:${first}`, lines: lineOf(node.end) - first + 1 })
    }
    node.forEachChild(visit)
  }
  file.forEachChild(visit)
  return { path, lines: lineOf(file.text.trimEnd().length), functions }
}

/** Whether a node is a function. An arrow function counts only if its body has braces. */
function isFunction(node: Node): boolean {
  if (node.kind !== SyntaxKind.ArrowFunction) return functionKinds.includes(node.kind)
  return (node as { body?: Node }).body?.kind === SyntaxKind.Block
}

function roomOf(room: string, files: readonly Measured[]): Room {
  const functions = files.flatMap((file) => file.functions).sort((a, b) => a.lines - b.lines)
  const at = (share: number) => functions[Math.ceil(functions.length * share) - 1]
  return {
    room,
    files: files.length,
    lines: files.reduce((sum, { lines }) => sum + lines, 0),
    longestFile: Math.max(...files.map(({ lines }) => lines)),
    functions: {
      count: functions.length,
      median: at(0.5)?.lines ?? 0,
      p90: at(0.9)?.lines ?? 0,
      max: at(1)?.lines ?? 0,
      longest: at(1)?.at ?? '',
    },
  }
}

function fail(message: string): never {
  throw new Error(message)
}

const files = measureAll()
const byRoom = [...Map.groupBy(files, ({ path }) => dirname(path))].sort(([a], [b]) =>
  a < b ? -1 : 1,
)
const rooms = [...byRoom.map(([room, each]) => roomOf(room, each)), roomOf('all', files)]

if (parseArgs({ options: { json: { type: 'boolean' } } }).values.json === true) {
  process.stdout.write(`${JSON.stringify(rooms, undefined, 2)}\n`)
} else {
  const rows = rooms.map(({ functions: { count, ...lengths }, ...room }) => ({
    ...room,
    functions: count,
    ...lengths,
  }))
  process.stdout.write(tableOf(rows))
}
