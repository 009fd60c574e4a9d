import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { z } from 'zod'
import { runAsCommand } from './command.ts'
import { readJson } from './json-file.ts'

const fileSchema = z.strictObject({ path: z.string(), text: z.string() })
const corpusSchema = z.strictObject({
  version: z.literal(1),
  train: z.array(fileSchema).min(1),
  heldOut: z.array(fileSchema).min(1),
})

/** A file's path in the repository, and the part of its text that is in the corpus. */
export type CorpusFile = Readonly<z.infer<typeof fileSchema>>

/** The text to train on and the text to measure on. They share no file, and are ordered by path. */
export type Corpus = Readonly<z.infer<typeof corpusSchema>>

/** The most bytes of each kind in a corpus, for trials of a second or two. */
const QUOTAS = {
  prose: { train: 96_000, heldOut: 19_200 },
  code: { train: 144_000, heldOut: 28_800 },
} as const

/** Every sixth file of a kind is held out, from the second on: a single file is trained on. */
const HELD_OUT_EVERY = 6

/** The most that is taken of one file, so that many files have a part. */
const MAX_FILE_BYTES = 12_000

const KINDS: Readonly<Record<string, keyof typeof QUOTAS>> = {
  '.md': 'prose',
  '.txt': 'prose',
  '.ts': 'code',
  '.tsx': 'code',
  '.js': 'code',
  '.cjs': 'code',
  '.mjs': 'code',
  '.css': 'code',
  '.html': 'code',
}

const LEFT_OUT = new Set(['node_modules', 'dist', 'coverage'])

/**
 * Samples the prose and code of the repository at `root`: the files that git tracks, or all files
 * without git. Hashes of the paths decide which files are taken, and which are held out, so that
 * the same tree gives the same corpus. Throws if there is too little text to hold some out.
 */
export function collectCorpus(root: string): Corpus {
  const paths = pathsOf(root).filter(isText)
  const ranked = paths.toSorted((a, b) => compare(sha256(a), sha256(b)))
  const sides: { train: CorpusFile[]; heldOut: CorpusFile[] } = { train: [], heldOut: [] }
  for (const kind of ['prose', 'code'] as const) {
    const ofKind = ranked.filter((path) => KINDS[extname(path)] === kind)
    const held = (rank: number): boolean => rank % HELD_OUT_EVERY === 1
    sides.train.push(
      ...take(
        root,
        ofKind.filter((_, rank) => !held(rank)),
        QUOTAS[kind].train,
      ),
    )
    sides.heldOut.push(
      ...take(
        root,
        ofKind.filter((_, rank) => held(rank)),
        QUOTAS[kind].heldOut,
      ),
    )
  }
  if (sides.heldOut.length === 0)
    throw new Error(`${root} has too little text: two files of prose or of code are needed`)
  return {
    version: 1,
    train: sides.train.toSorted(byPath),
    heldOut: sides.heldOut.toSorted(byPath),
  }
}

/** Reads a corpus file. Throws an error that names the file if it is not one. */
export function readCorpus(path: string): Corpus {
  const result = corpusSchema.safeParse(readJson(path))
  if (!result.success)
    throw new Error(`${path} is not a corpus file: ${result.error.issues[0]?.message}`)
  return result.data
}

/** The corpus as the text of its file. */
export function formatCorpus(corpus: Corpus): string {
  return `${JSON.stringify(corpus, null, 1)}\n`
}

/** The SHA-256 of the corpus file, in hex. Figures can be compared only if it is equal. */
export function corpusHash(corpus: Corpus): string {
  return sha256(formatCorpus(corpus))
}

/** The bytes of one side of a corpus. */
export function bytesOf(files: readonly CorpusFile[]): Uint8Array {
  return Buffer.from(files.map((file) => file.text).join(''))
}

function pathsOf(root: string): string[] {
  return (trackedFiles(root) ?? walk(root, '')).filter(
    (path) => !path.split('/').some((part) => LEFT_OUT.has(part)),
  )
}

/** The files that git tracks; undefined if git does not run or tracks none. */
function trackedFiles(root: string): string[] | undefined {
  try {
    const list = execFileSync('git', ['ls-files', '-z'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 26,
    })
    const paths = list.toString().split('\0').filter(Boolean)
    return paths.length > 0 ? paths : undefined
  } catch {
    return undefined
  }
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory())
      return entry.name.startsWith('.') || LEFT_OUT.has(entry.name) ? [] : walk(root, path)
    return entry.isFile() ? [path] : []
  })
}

/**
 * The first files of `paths` that fit into `quota` bytes together. Files that don't fit are
 * skipped.
 */
function take(root: string, paths: readonly string[], quota: number): CorpusFile[] {
  const files: CorpusFile[] = []
  let left = quota
  for (const path of paths) {
    const text = textOf(join(root, path))
    const size = Buffer.byteLength(text)
    if (size === 0 || size > left) continue
    files.push({ path, text })
    left -= size
  }
  return files
}

/**
 * The whole lines in the first MAX_FILE_BYTES; empty for a missing file, or one that is not UTF-8.
 */
function textOf(path: string): string {
  try {
    const bytes = readFileSync(path)
    const end =
      bytes.length <= MAX_FILE_BYTES
        ? bytes.length
        : bytes.lastIndexOf(0x0a, MAX_FILE_BYTES - 1) + 1
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end))
  } catch {
    return ''
  }
}

const isText = (path: string): boolean => extname(path) in KINDS
const byPath = (a: CorpusFile, b: CorpusFile): number => compare(a.path, b.path)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

runAsCommand(
  import.meta.url,
  { usage: 'node corpus.ts [--root DIR] --out FILE', options: { root: '.', out: undefined } },
  ({ root, out }) => {
    const corpus = collectCorpus(root)
    writeFileSync(out, formatCorpus(corpus))
    const size = (files: readonly CorpusFile[]): string =>
      `${bytesOf(files).length} bytes of ${files.length} files`
    return `${out}: ${size(corpus.train)} to train on, ${size(corpus.heldOut)} held out`
  },
)
