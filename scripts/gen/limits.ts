import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { runInNewContext } from 'node:vm'

const root = join(import.meta.dirname, '../..')
const home = 'src/core/limits.ts'
const rooms = 'src/{core,concurrency,protocol,node,transport,stores,api,workspace}/**/*.ts'

/** A named number in the code. */
interface Limit {
  /** From the project's root. */
  readonly file: string
  readonly name: string
  readonly value: number
}

/** Constants that share a docstring; most have their own. */
interface LimitGroup {
  readonly file: string
  readonly meaning: string
  readonly limits: Limit[]
}

/** The text of docs/LIMITS.md: every number that has a name and a docstring. */
export function limitsReference(): string {
  const groups = readGroups()
  const anchors = new Map([...anchorsOf(groups)].map(([anchor, limit]) => [limit, anchor]))
  const others = groups.filter(({ file }) => file !== home)
  return `${[
    '# Limits and other numbers',
    '',
    '<!-- Written by scripts/gen-docs.ts from constants and their docstrings: change those. -->',
    '',
    'Other pages take their figures from here: the text of a link to a constant is its value.',
    '',
    '## What a grove accepts',
    '',
    `The constants of \`${home}\`.`,
    '[PROTOCOL.md](PROTOCOL.md#limits) says which of them bind other groves.',
    '',
    ...table(
      groups.filter(({ file }) => file === home),
      anchors,
    ),
    '',
    '## What each room keeps to itself',
    '',
    'Constants that only the code around them uses. PROTOCOL.md links to the few that show on the',
    'wire.',
    '',
    ...[...Map.groupBy(others, ({ file }) => dirname(file))].flatMap(([room, each]) => [
      `### ${room}`,
      '',
      ...table(each, anchors),
      '',
    ]),
  ]
    .join('\n')
    .trim()}\n`
}

/**
 * A page with the text of each link to a constant set to its value. Throws if there is no such
 * constant.
 */
export function withLimits(path: string, text: string): string {
  const anchors = anchorsOf(readGroups())
  const link = /\[[^\]]*\]\(((?:docs\/)?LIMITS\.md)#([\w-]+)\)/g
  return text.replace(link, (_, page: string, anchor: string) => {
    const limit = anchors.get(anchor)
    if (limit !== undefined) return `[${written(limit)}](${page}#${anchor})`
    throw new Error(`${path} links to ${page}#${anchor}: no constant has that anchor`)
  })
}

function table(groups: readonly LimitGroup[], anchors: ReadonlyMap<Limit, string>): string[] {
  const rows = groups.map(({ limits, meaning }) => {
    const names = limits.map((limit) => `<a id="${anchors.get(limit)}"></a>\`${limit.name}\``)
    return `| ${names.join(', ')} | ${limits.map(written).join(', ')} | ${meaning} |`
  })
  return ['| constant | value | meaning |', '|---|---|---|', ...rows]
}

/** All documented numbers, those of `home` first. */
function readGroups(): LimitGroup[] {
  const files = globSync(rooms, { cwd: root }).filter((file) => file !== home)
  const groups: LimitGroup[] = []
  const shared = new Map<string, number>()
  for (const file of [home, ...files.sort()]) {
    const found = groupsOf(file, shared)
    groups.push(...found)
    if (file !== home) continue
    for (const { name, value } of found.flatMap(({ limits }) => limits)) shared.set(name, value)
  }
  return groups
}

/**
 * The anchor of each constant in LIMITS.md: its name, with its file's before it if another constant
 * has the same name.
 */
function anchorsOf(groups: readonly LimitGroup[]): Map<string, Limit> {
  const limits = groups.flatMap((group) => group.limits)
  const byName = Map.groupBy(limits, ({ name }) => name)
  return new Map(
    limits.map((limit) => {
      const name = limit.name.toLowerCase().replaceAll('_', '-')
      const isShared = (byName.get(limit.name)?.length ?? 0) > 1
      return [isShared ? `${basename(limit.file, '.ts')}-${name}` : name, limit]
    }),
  )
}

/** Matches a constant, with the docstring above it if there is one. */
const declaration =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^(?:export )?const ([A-Z][A-Z0-9_]*) = ([\w .*/]+)$/gm

function groupsOf(file: string, shared: ReadonlyMap<string, number>): LimitGroup[] {
  const values = new Map(shared)
  const groups: LimitGroup[] = []
  let end = Number.NaN
  for (const match of readFileSync(join(root, file), 'utf8').matchAll(declaration)) {
    const [all, doc, name = '', expression = ''] = match
    const isNextLine = match.index === end + 1
    end = match.index + all.length
    if (doc !== undefined || !isNextLine)
      groups.push({ file, meaning: oneLine(doc ?? ''), limits: [] })
    const value = numberOf(expression, values)
    if (value === undefined) continue
    values.set(name, value)
    groups.at(-1)?.limits.push({ file, name, value })
  }
  return groups.filter(({ meaning, limits }) => meaning !== '' && limits.length > 0)
}

/**
 * The value of a product or quotient of numbers and constants; undefined for anything else, and for
 * 0.
 */
function numberOf(expression: string, constants: ReadonlyMap<string, number>): number | undefined {
  if (!/^(?:[\d._]+|[A-Z][A-Z0-9_]+(?= ))(?: [*/] [\w.]+)*$/.test(expression)) return undefined
  const value: unknown = runInNewContext(expression, Object.fromEntries(constants))
  return typeof value === 'number' && value !== 0 ? value : undefined
}

function oneLine(doc: string): string {
  return doc
    .replace(/\s*\n\s*\* ?/g, ' ')
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/(?<!\/)\b([A-Z]+\.md)(#[\w-]+)?/g, '[$&]($&)')
}

type Scale = readonly (readonly [size: number, unit: string])[]

const times: Scale = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
  [1, 'ms'],
]
const sizes: Scale = [
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
]

/** The value with the unit that the constant's name ends in. */
function written({ name, value }: Limit): string {
  if (/_MS$/.test(name)) return inUnits(value, times)
  return /(?:^|_)BYTES/.test(name) ? inUnits(value, sizes) : value.toLocaleString('en')
}

function inUnits(value: number, scale: Scale): string {
  const [size, unit] = scale.find(([each]) => value % each === 0) ?? [1, '']
  return `${(value / size).toLocaleString('en')} ${unit}`
}
