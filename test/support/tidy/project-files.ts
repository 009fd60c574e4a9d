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
  /** The same lines without their comments. */
  readonly code: readonly string[]
}

/** `path:line: what is wrong`. */
export type Violation = string

/** What git prints, split at its zeros; undefined where there is no git. */
export function git(...args: string[]): string[] | undefined {
  const { status, stdout } = spawnSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? stdout.split('\0').filter((path) => path !== '') : undefined
}

/** Paths of what is made from the sources. */
export const generated = /(?:^|\/)(?:node_modules|dist(?:\.[^/]*)?|\.grove)\/|\.tsbuildinfo$/

/** The project's files: what git tracks or would track; without git, what lies in the folder. */
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

/** Splits a file; takes comments out where they start a line or follow a space, so that a URL in a string stays. */
export function sourceFile(path: string, text: string): SourceFile {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ')
  const code = text
    .replace(/(?<=^|\s)\/\*[\s\S]*?\*\//g, blank)
    .replace(/(?<=^|\s)\/\/.*$/gm, blank)
  return { path, lines: text.split('\n'), code: code.split('\n') }
}

/** The lines that the check says something about. */
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

/** Fails with all that was found. */
export function none(found: readonly Violation[]): void {
  assert.ok(found.length === 0, `\n${found.join('\n')}`)
}
