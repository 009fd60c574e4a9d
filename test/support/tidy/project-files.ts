import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** The project's folder. */
export const root = join(import.meta.dirname, '../../..')

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string
  readonly lines: readonly string[]
  /** The lines without comments. */
  readonly code: readonly string[]
}

/** Text such as `path:line: what is wrong`. */
export type Violation = string

/** The output of git, split at zero bytes; undefined without git. */
export function git(...args: string[]): string[] | undefined {
  const { status, stdout } = spawnSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? stdout.split('\0').filter((path) => path !== '') : undefined
}

/** Matches the paths of generated files. */
export const generated = /(?:^|\/)(?:node_modules|dist(?:\.[^/]*)?|\.grove)\/|\.tsbuildinfo$/

/** The files that git tracks or would track, or all files without git. */
export function projectFiles(): SourceFile[] {
  const paths = git('ls-files', '-z', '--cached', '--others', '--exclude-standard') ?? walk()
  const present = [...new Set(paths)].filter((path) =>
    statSync(join(root, path), { throwIfNoEntry: false })?.isFile(),
  )
  return present.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return text.includes('\0') ? [] : [sourceFile(path, text)]
  })
}

function walk(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.name === '.git' || generated.test(entry.isDirectory() ? `${path}/` : path)) return []
    return entry.isDirectory() ? walk(path) : [path]
  })
}

/**
 * Splits a file into lines, with and without comments. A comment starts a line or follows a space,
 * unlike a URL in a string.
 */
export function sourceFile(path: string, text: string): SourceFile {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ')
  const code = text
    .replace(/(?<=^|\s)\/\*[\s\S]*?\*\//g, blank)
    .replace(/(?<=^|\s)\/\/.*$/gm, blank)
  return { path, lines: text.split('\n'), code: code.split('\n') }
}

/** The lines with which a check finds something wrong. */
export function violations(
  file: SourceFile,
  lines: readonly string[],
  check: (line: string) => string | undefined,
): Violation[] {
  return lines.flatMap((line, index) => {
    const wrong = check(line)
    return wrong === undefined ? [] : [`${file.path}:${index + 1}: ${wrong}`]
  })
}

export const isCode = ({ path }: SourceFile) => /\.(?:[cm]?[jt]s)$/.test(path)

/** Asserts that nothing was found. */
export function none(found: readonly Violation[]): void {
  assert.ok(found.length === 0, `\n${found.join('\n')}`)
}
