/**
 * The rules of the house that no linter knows: who may import whom, what has one home, what no file
 * may hold.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { before, test } from 'node:test'
import { neededNode } from '../src/node-version.ts'
import {
  circles,
  crowdedFolders,
  importsOf,
  maxFiles,
  roomFault,
} from './support/tidy/import-rules.ts'
import {
  generated,
  git,
  isCode,
  none,
  projectFiles,
  root,
  type SourceFile,
  sourceFile,
  type Violation,
  violations,
} from './support/tidy/project-files.ts'
import { misnamedTypes, unexportedWire } from './support/tidy/wire-rules.ts'

const inner = ['core', 'protocol', 'ports', 'concurrency', 'workspace', 'version.ts']

/** What each part of src/ may import: folders of src/, and files directly in it. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  concurrency: ['concurrency'],
  core: ['core'],
  disk: ['disk'],
  ports: ['core', 'ports'],
  protocol: ['core', 'concurrency', 'protocol'],
  stores: ['core', 'disk', 'ports', 'stores', 'concurrency'],
  signing: ['core', 'concurrency', 'signing'],
  transport: ['core', 'ports', 'concurrency', 'signing', 'transport'],
  runtime: ['core', 'ports', 'runtime', 'signing'],
  workspace: ['core', 'concurrency', 'disk', 'workspace'],
  git: ['core', 'disk', 'git'],
  gather: ['core', 'concurrency', 'disk', 'git', 'gather'],
  node: [...inner, 'node'],
  api: [...inner, 'disk', 'gather', 'git', 'node', 'signing', 'api'],
  cli: [
    ...inner,
    'disk',
    'gather',
    'git',
    'runtime',
    'node',
    'api',
    'cli',
    'config',
    'config.ts',
    'log.ts',
    'compose.ts',
    'index.ts',
    'node-version.ts',
  ],
  config: ['core', 'config'],
  'config.ts': [...inner, 'node', 'config'],
  'identity.ts': ['core', 'node', 'ports', 'runtime'],
  'log.ts': ['ports'],
  'node-version.ts': [],
  'version.ts': [],
  'compose.ts': [
    ...inner,
    'stores',
    'transport',
    'runtime',
    'node',
    'api',
    'config',
    'config.ts',
    'identity.ts',
    'log.ts',
  ],
  'grove.ts': [...inner, 'node', 'api'],
  'index.ts': [
    ...inner,
    'node',
    'api',
    'config',
    'config.ts',
    'compose.ts',
    'grove.ts',
    'node-version.ts',
  ],
}

/** The packages and node: modules that pure parts may import, and the files that may. */
const purePackages: Readonly<Record<string, RegExp>> = {
  zod: /^src\/(core|protocol)\//,
  '@napi-rs/blake-hash': /^src\/core\/cid\.ts$/,
  'node:crypto': /^src\/core\/identity\/(ed25519|secrets)\.ts$/,
}

interface Home {
  readonly what: string
  readonly pattern: RegExp
  /** The folders (ending in a slash) and files of src/ that may use it. */
  readonly homes: readonly string[]
}

/** What reaches outside of the process or differs from run to run, each with its only home. */
const oneHome: readonly Home[] = [
  {
    what: 'the clock',
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\.hrtime\b/,
    // Nobody can hand a clock to a thread.
    homes: ['src/runtime/', 'src/stores/sqlite/writer/writer-thread.ts'],
  },
  {
    what: 'randomness',
    pattern: /\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/,
    homes: ['src/runtime/'],
  },
  {
    what: 'a timer',
    pattern: /\bset(?:Timeout|Interval|Immediate)\b|\bAbortSignal\.timeout\b|\btimers\/promises\b/,
    homes: ['src/runtime/'],
  },
  { what: 'the environment', pattern: /\bprocess\.env\b/, homes: ['src/config/'] },
  { what: 'output', pattern: /\bconsole\.|\bprocess\.(?:stdout|stderr)\b/, homes: ['src/cli/'] },
  {
    what: 'the door to the store',
    pattern: /\b(?:contributions|graph)\.put\(/,
    homes: ['src/node/admit.ts', 'src/stores/'],
  },
  { what: 'the exit', pattern: /\bprocess\.exit(?:Code)?\b/, homes: ['src/cli/'] },
]

/** What no file may contain: paths of a development machine, and hosts of package registries. */
const foreign = new RegExp(
  [
    /(?<![\w.-])\/work\/|\.\.\/shared\b/,
    /\bnpmjs\.(?:org|com)\b|\byarnpkg\.com\b|\bnpmmirror\b|\bdebian\.org\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
)

/** What no code may contain. */
const unfinished = /\bTODO\b|\bFIXME\b|\bXXX\b|@ts-(?:ignore|nocheck|expect-error)/
const anyType = /\bas any\b|:\s*any\s*(?:[,;)=|&]|$)|<any\b|\bany(?:>|\[\])/

const maxLines = 350
const maxColumns = 100

const isSource = (file: SourceFile) => file.path.startsWith('src/') && isCode(file)

const specifierPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"]+)\1/

/**
 * The part of src/ that a path belongs to: its folder, or the file itself where it lies directly in
 * src/.
 */
const partOf = (path: string) => path.split('/')[1] ?? ''

/** What is wrong with an import of `specifier` by the file at `path`; undefined if nothing is. */
function importFault(path: string, specifier: string): string | undefined {
  const local = specifier.startsWith('.')
  const target = local ? posix.join(posix.dirname(path), specifier) : specifier
  const top = path.split('/')[0]
  if (top === 'src')
    return local ? sourceImportFault(path, target) : packageImportFault(path, specifier)
  if (!local) return undefined
  const part = target.startsWith('src/') ? partOf(target) : undefined
  const isAnswering = /^src\/api\/(answer|admission|operations)\//.test(target)
  if (top === 'sim' && part !== undefined && ['api', 'cli'].includes(part) && !isAnswering)
    return `sim may not import ${target}`
  if (top !== 'examples') return undefined
  const own = path.split('/').slice(0, 2).join('/')
  return target.startsWith(`${own}/`) || target === 'src/index.ts'
    ? undefined
    : `an example may not import ${target}`
}

function sourceImportFault(path: string, target: string): string | undefined {
  if (!target.startsWith('src/')) return `src/ may not import ${target}`
  const allowed = mayImport[partOf(path)]
  if (allowed === undefined) return `src/${partOf(path)} is not in the import rules`
  return allowed.includes(partOf(target)) ? undefined : `${partOf(path)} may not import ${target}`
}

function packageImportFault(path: string, specifier: string): string | undefined {
  if (partOf(path) !== 'core' && partOf(path) !== 'protocol') return undefined
  return purePackages[specifier]?.test(path)
    ? undefined
    : `${partOf(path)} is pure: it may not import ${specifier}`
}

function homeFault(path: string, line: string): string | undefined {
  const found = oneHome.find(
    ({ pattern, homes }) => pattern.test(line) && !homes.some((home) => path.startsWith(home)),
  )
  return found === undefined
    ? undefined
    : `${found.what} is only for ${found.homes.join(', ')}: ${line.trim()}`
}

/**
 * A `.catch(` in src/node is a background task. It must be spawned, so that its failure is logged and
 * closing waits for it.
 */
function looseTaskFault(path: string, line: string): string | undefined {
  return path.startsWith('src/node/') && /\.catch\(/.test(line)
    ? `use spawn for background tasks, and try for others: ${line.trim()}`
    : undefined
}

function importFaults(file: SourceFile): Violation[] {
  return violations(file, file.code, (line) => {
    const specifier = specifierPattern.exec(line)?.[2]
    return specifier === undefined
      ? undefined
      : (importFault(file.path, specifier) ?? roomFault(file.path, specifier))
  })
}

function sizeFaults(file: SourceFile): Violation[] {
  const count = file.lines.at(-1) === '' ? file.lines.length - 1 : file.lines.length
  const long = violations(file, file.lines, (line) =>
    line.length > maxColumns ? `over ${maxColumns} columns` : undefined,
  )
  return count > maxLines ? [`${file.path}:${count}: over ${maxLines} lines`, ...long] : long
}

const typePattern = /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class) (\w+)/

/** Types that are declared again elsewhere under the same name, where one of them is exported. */
function sameNames(sources: readonly SourceFile[]): Violation[] {
  const declared = sources.flatMap(({ path, code }) =>
    code.flatMap((line, index) => {
      const [, exported, name = ''] = typePattern.exec(line) ?? []
      return name === '' ? [] : [{ name, where: `${path}:${index + 1}`, exported }]
    }),
  )
  const shared = [...Map.groupBy(declared, ({ name }) => name)].filter(
    ([, all]) => all.length > 1 && all.some(({ exported }) => exported !== undefined),
  )
  return shared.map(
    ([name, all]) => `${all.map(({ where }) => where).join(', ')}: more than one type ${name}`,
  )
}

let files: SourceFile[]
before(() => {
  files = projectFiles()
  assert.ok(files.some(({ path }) => path === 'package.json'))
})

test('imports point only down, between rooms too, and pure parts import nothing impure', () => {
  none(files.filter(isCode).flatMap(importFaults))
})

test('no files of src/ import each other in a cycle', () => {
  none(
    circles(
      new Map(files.filter(isSource).map((file) => [file.path, importsOf(file.path, file.code)])),
    ),
  )
})

test(`no folder of code has more than ${maxFiles} files`, () => {
  const folders = /^(?:src|sim|test|bench|scripts|examples)\//
  none(crowdedFolders(files.filter(isCode).flatMap(({ path }) => (folders.test(path) ? path : []))))
})

test('clock, randomness, timers, environment and output are used only in their homes', () => {
  none(
    files
      .filter(isSource)
      .flatMap((file) => violations(file, file.code, (line) => homeFault(file.path, line))),
  )
})

test('background tasks in src/node are spawned, so that closing waits for them', () => {
  none(
    files
      .filter(isSource)
      .flatMap((file) => violations(file, file.code, (line) => looseTaskFault(file.path, line))),
  )
})

test(`no file of src/ is over ${maxLines} lines or ${maxColumns} columns`, () => {
  none(files.filter(isSource).flatMap(sizeFaults))
})

test('no code is unfinished, uses any, or silences the compiler', () => {
  const self = 'test/tidy.test.ts'
  const checked = files.filter((file) => isCode(file) && file.path !== self)
  const check = (line: string) => (unfinished.test(line) ? `unfinished: ${line.trim()}` : undefined)
  const checkTypes = (line: string) => (anyType.test(line) ? `any: ${line.trim()}` : undefined)

  none(
    checked.flatMap((file) => [
      ...violations(file, file.lines, check),
      ...violations(file, file.code, checkTypes),
    ]),
  )
})

test('no file names a path outside the project or the host of a package registry', () => {
  none(files.flatMap((file) => violations(file, file.lines, (line) => foreign.exec(line)?.[0])))
})

test('nothing generated is tracked', (context) => {
  const tracked = git('ls-files', '-z')
  if (tracked === undefined) return context.skip('no git here')

  none(tracked.filter((path) => generated.test(path)))
})

test('the lock has no download URLs, and all entry points need the same Node', () => {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }

  assert.doesNotMatch(read('package-lock.json'), /"resolved"/)
  assert.equal(engines.node, `>=${neededNode}`)
  assert.ok(read('bin/grove.js').includes(`needed = [${neededNode.replace('.', ', ')}]`))
})

test('the import rules list exactly the parts of src/', () => {
  const parts = [...new Set(files.filter(isSource).map(({ path }) => partOf(path)))]

  assert.deepEqual(Object.keys(mayImport).toSorted(), parts.toSorted())
})

test('no two types of src/ share a name if one is exported', () => {
  none(sameNames(files.filter(isSource)))
})

test('a type has the name of its schema, and the library exports all that is on the wire', () => {
  const index = files.find(({ path }) => path === 'src/index.ts')
  assert.ok(index)

  none(files.filter(isSource).flatMap(misnamedTypes))
  none(unexportedWire(files, index))
})

test('every task of scripts/run.cjs is an npm script', () => {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const tasks = [...read('scripts/run.cjs').matchAll(/^ {2}'?([\w:]+)'?: \{/gm)]
  const names = ['help', ...tasks.map(([, name = '']) => name)]

  assert.ok(names.length > 10)
  assert.deepEqual(
    scripts,
    Object.fromEntries(names.map((name) => [name, `node scripts/run.cjs ${name}`])),
  )
})

test('the rules catch violations', () => {
  assert.match(importFault('src/core/cid.ts', '../node/node.ts') ?? '', /core may not import/)
  assert.match(
    importFault('src/stores/fs/blobs.ts', '../../node/publish.ts') ?? '',
    /stores may not import/,
  )
  assert.match(importFault('src/core/cid.ts', 'node:fs') ?? '', /pure/)
  assert.match(importFault('examples/a/b.ts', '../../src/node/node.ts') ?? '', /example/)
  assert.match(importFault('sim/run/world.ts', '../../src/cli/main.ts') ?? '', /sim/)
  assert.match(importFault('sim/run/world.ts', '../../src/api/http/app.ts') ?? '', /sim/)
  assert.equal(importFault('sim/run/world.ts', '../../src/api/answer/answerer.ts'), undefined)
  assert.equal(importFault('src/node/node.ts', '../protocol/gossip-state.ts'), undefined)
  assert.match(roomFault('src/node/peers/contact.ts', '../sync/sync.ts') ?? '', /not below/)
  assert.match(roomFault('src/node/read/status.ts', '../serve/best.ts') ?? '', /not below/)
  assert.match(roomFault('src/node/new/file.ts', '../context.ts') ?? '', /order of rooms/)
  assert.equal(roomFault('src/node/sync/sync.ts', '../peers/contact.ts'), undefined)
  const [a, b] = [
    sourceFile('src/a.ts', "import type {\n  B,\n} from './b.ts'"),
    sourceFile('src/b.ts', "import { a } from './a.ts'\nimport './c.ts'"),
  ]
  const cycles = circles(
    new Map([a, b].map((file) => [file.path, importsOf(file.path, file.code)])),
  )
  assert.deepEqual(cycles, ['src/a.ts → src/b.ts → src/a.ts'])
  assert.deepEqual(crowdedFolders(Array.from({ length: 16 }, (_, n) => `src/node/${n}.ts`)), [
    'src/node: 16 files, 15 is the most',
  ])
  assert.match(homeFault('src/node/node.ts', 'const now = Date.now()') ?? '', /the clock/)
  assert.equal(homeFault('src/runtime/clock.ts', 'const now = Date.now()'), undefined)
  const put = 'await node.contributions.put(item, provenance)'
  assert.match(homeFault('src/node/fetch/fetch.ts', put) ?? '', /the door to the store/)
  assert.equal(homeFault('src/node/admit.ts', put), undefined)
  assert.match(looseTaskFault('src/node/sync/sync.ts', 'round().catch(log)') ?? '', /use spawn/)
  assert.equal(looseTaskFault('src/api/http/app.ts', 'answer().catch(log)'), undefined)
  assert.equal(sourceFile('a.ts', "x('http://b') // Date.now()").code[0]?.trim(), "x('http://b')")
  assert.match('const x = y as any', anyType)
  assert.equal(sizeFaults(sourceFile('src/a.ts', '/'.repeat(maxColumns + 1))).length, 1)
  assert.equal(sizeFaults(sourceFile('src/a.ts', '/'.repeat(maxColumns))).length, 0)
  const one = sourceFile('src/a.ts', 'export interface Row {}')
  assert.deepEqual(sameNames([one, sourceFile('src/b.ts', 'type Row = string')]), [
    'src/a.ts:1, src/b.ts:1: more than one type Row',
  ])
  assert.deepEqual(sameNames([one, sourceFile('src/b.ts', 'type Rows = Row[]')]), [])
  const wire = sourceFile('src/core/wire/row.ts', 'export const rowSchema = z.string()')
  assert.equal(unexportedWire([wire], one).length, 1)
  assert.deepEqual(
    unexportedWire([wire], sourceFile('i.ts', "export type * from './core/wire/row.ts'")),
    [],
  )
  const inferred = (name: string) =>
    sourceFile('a.ts', `export type ${name} = z.infer<typeof rowSchema>`)
  assert.deepEqual(misnamedTypes(inferred('Line')), ['a.ts:1: the type of rowSchema is Row'])
  assert.deepEqual(misnamedTypes(inferred('Row')), [])
})
