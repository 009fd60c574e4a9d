/** The rules of our prose: links and paths lead somewhere, and each word means one thing. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { before, test } from 'node:test'
import {
  isCode,
  none,
  projectFiles,
  root,
  type SourceFile,
  sourceFile,
  type Violation,
  violations,
} from '../../support/tidy/project-files.ts'

const self = 'test/unit/docs/docs.test.ts'
const glossary = 'docs/GLOSSARY.md'
const maxColumns = 120
/** Pages that scripts/gen-docs.ts writes. Their words come from the code. */
const generated = ['docs/API.md', 'docs/CLI.md', 'docs/LIMITS.md']

const isPage = ({ path }: SourceFile) => path.endsWith('.md')
const isProse = ({ path }: SourceFile) =>
  /^(?:docs\/)?[A-Z]+\.md$/.test(path) && !generated.includes(path)

/** The lines of a page without fenced code. */
function proseOf({ lines }: SourceFile): string[] {
  let fenced = false
  return lines.map((line) => {
    const isFence = line.startsWith('```')
    if (isFence) fenced = !fenced
    return isFence || fenced ? '' : line
  })
}

/** The anchors of a page: the slugs of its headings, as GitHub makes them, and named anchors. */
function anchorsOf(page: SourceFile): Set<string> {
  const anchors = new Set<string>()
  for (const line of proseOf(page)) {
    const heading = /^#+ (.*)$/.exec(line)?.[1]
    if (heading !== undefined) anchors.add(slugOf(heading))
    for (const [, id = ''] of line.matchAll(/<a id="([^"]+)">/g)) anchors.add(id)
  }
  return anchors
}

function slugOf(heading: string): string {
  return heading
    .replace(/<[^>]*>/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** What is wrong with a link in a page; undefined if nothing is. */
function linkFault(pages: ReadonlyMap<string, SourceFile>, from: string, target: string) {
  if (/^[a-z]+:/.test(target)) return undefined
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : posix.join(posix.dirname(from), file)
  if (!existsSync(join(root, path))) return `no file ${path}`
  const page = pages.get(path)
  if (anchor === undefined || page === undefined) return undefined
  return anchorsOf(page).has(anchor) ? undefined : `no anchor #${anchor} in ${path}`
}

/** The targets of Markdown links in a line. */
function linksIn(line: string): string[] {
  return [...line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to)
}

/** The page with this name, next to README.md or in docs/. */
function pageNamed(pages: ReadonlyMap<string, SourceFile>, name: string) {
  return pages.get(`docs/${name}`) ?? pages.get(name)
}

/**
 * What is wrong with a reference such as `PAGE.md#anchor` in a comment; undefined if nothing is.
 */
function anchorFault(pages: ReadonlyMap<string, SourceFile>, line: string): string | undefined {
  for (const [all, name = '', anchor = ''] of line.matchAll(/\b([A-Z]+\.md)#([\w-]+)/g)) {
    const page = pageNamed(pages, name)
    if (page === undefined) return `${all}: there is no such page`
    if (!anchorsOf(page).has(anchor)) return `${all}: there is no such anchor`
  }
  return /\.md,? §/.test(line) ? `a numbered section: ${line.trim()}` : undefined
}

/** The folders from which paths in prose may start. */
const bases = ['', 'src', 'sim']

/** The names of folders with which paths in the project start. */
function firstFolders(): Set<string> {
  const entries = bases.flatMap((base) => readdirSync(join(root, base), { withFileTypes: true }))
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return new Set(names.filter((name) => !name.startsWith('.') && name !== 'dist'))
}

/** The paths in a line's code spans, each up to the last folder before a placeholder. */
function pathsIn(line: string): string[] {
  return [...line.matchAll(/`([^`\s]+)`/g)].flatMap(([, span = '']) => {
    const [path = ''] = span.split(/[^/]*[*{<…]/)
    if (!span.includes('/')) return /^[\w.-]+\.(?:ts|cjs)$/.test(span) ? [span] : []
    return firstFolders().has(path.split('/')[0] ?? '') ? [path] : []
  })
}

/**
 * Whether a path exists below one of the bases. A bare file name may be anywhere in the project.
 */
function leads(files: readonly SourceFile[], path: string): boolean {
  if (!path.includes('/')) return files.some((file) => posix.basename(file.path) === path)
  const candidates = bases.map((base) => join(root, base, path))
  return candidates.some((full) => existsSync(full) || existsSync(`${full}.test.ts`))
}

let files: SourceFile[]
let pages: Map<string, SourceFile>
before(() => {
  files = projectFiles()
  pages = new Map(files.filter(isPage).map((file) => [file.path, file]))
})

const inProse = (check: (line: string, page: SourceFile) => string | undefined): Violation[] =>
  files
    .filter(isProse)
    .flatMap((page) => violations(page, proseOf(page), (line) => check(line, page)))

test('every relative link in a page leads to an existing file and anchor', () => {
  const faultsOf = (page: SourceFile) =>
    violations(page, proseOf(page), (line) =>
      linksIn(line)
        .map((target) => linkFault(pages, page.path, target))
        .find((fault) => fault !== undefined),
    )

  none([...pages.values()].flatMap(faultsOf))
})

test('comments name sections by existing anchors, never by numbers', () => {
  const checked = files.filter(({ path }) => path !== self)

  none(checked.flatMap((file) => violations(file, file.lines, (line) => anchorFault(pages, line))))
})

test('paths in pages exist', () => {
  none(
    inProse((line) => {
      const path = pathsIn(line).find((each) => !leads(files, each))
      return path === undefined ? undefined : `no ${path}`
    }),
  )
})

test('npm tasks in pages exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const unknown = (line: string) =>
    [...line.matchAll(/\bnpm run (?:-s )?([\w:]+)/g)].find(([, name = '']) => !(name in scripts))

  none(
    [...pages.values()].flatMap((page) =>
      violations(page, page.lines, (line) => unknown(line)?.[0]),
    ),
  )
})

test(`prose keeps to ${maxColumns} columns`, () => {
  const shown = (line: string) => line.replace(/\]\([^)]*\)/g, ']')
  const isLong = (line: string) => [...shown(line)].length > maxColumns && !line.startsWith('|')

  none(inProse((line) => (isLong(line) ? `over ${maxColumns} columns` : undefined)))
})

test('in pages and comments a claim is a work claim, and gossip advertises', () => {
  const other = /(?<!work )\bclaim(?:s|ed|ing)?\b/i
  const fault = (line: string) =>
    other.test(line.replace(/`[^`]*`/g, '')) ? `claim: ${line.trim()}` : undefined
  const inComment = (line: string) => (/^\s*(?:\/\/|\/\*|\*)/.test(line) ? fault(line) : undefined)
  const code = files.filter(isCode)

  none(inProse((line, { path }) => (path === glossary ? undefined : fault(line))))
  none(code.flatMap((file) => violations(file, file.lines, inComment)))
})

test('the glossary is in alphabetical order, with each word once', () => {
  const rows = pages.get(glossary)?.lines.filter((line) => line.startsWith('| ')) ?? []
  const words = rows.slice(1).map((row) => row.split('|')[1]?.trim().toLowerCase() ?? '')

  assert.ok(words.length > 0)
  assert.deepEqual(words, [...new Set(words)].sort())
})

test('the rules catch violations', () => {
  const page = sourceFile('docs/A.md', '# One two\n\n<a id="x"></a>\n\n```\n# no heading\n```\n')
  const one = new Map([['docs/A.md', page]])

  assert.deepEqual([...anchorsOf(page)], ['one-two', 'x'])
  assert.equal(slugOf('What a grove *may* believe?'), 'what-a-grove-may-believe')
  assert.match(anchorFault(one, '// A.md#three') ?? '', /no such anchor/)
  assert.match(anchorFault(one, '// B.md#three') ?? '', /no such page/)
  assert.match(anchorFault(one, '// A.md §3') ?? '', /numbered/)
  assert.equal(anchorFault(one, '// A.md#one-two'), undefined)
  assert.match(linkFault(one, 'README.md', 'docs/nowhere.md') ?? '', /no file/)
  assert.deepEqual(pathsIn('`src/nowhere.ts`, `node/x.ts`, `a/b`, `src/*/x.ts`, `x.ts`'), [
    'src/nowhere.ts',
    'node/x.ts',
    'src/',
    'x.ts',
  ])
  assert.equal(leads([], 'src/nowhere.ts'), false)
  assert.equal(leads([], 'src/'), true)
})
