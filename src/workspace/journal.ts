import { open, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { readPlainFile } from '../disk/plain-file.ts'
import { checkPath } from './paths.ts'

/** What tells a file or folder from any other that was or will be in its place. */
const identitySchema = z.object({
  dev: z.string(),
  ino: z.string(),
  sizeBytes: z.string(),
  mtimeNs: z.string(),
})
export type Identity = z.infer<typeof identitySchema>

/** One rename from the stage into the target: of a file, a link, or a folder that is new there. */
const moveSchema = z.object({
  path: z.string(),
  staged: identitySchema,
  /** What was in its place when the journal was written; null where nothing was. */
  was: identitySchema.nullable(),
})
export type Move = z.infer<typeof moveSchema>

const headSchema = z.object({
  format: z.literal('grove-checkout/1'),
  /** The hash of what was to be written. */
  request: z.string(),
  /** How many moves follow. */
  moves: z.number().int(),
})

/**
 * The moves from a stage into its target. The journal is written when all files are staged,
 * verified and durable. From then on the moves are carried out, by the next checkout if need be.
 */
export interface Journal {
  readonly request: string
  readonly moves: readonly Move[]
}

const JOURNAL_FILE = 'journal'
const JOURNAL_MAX_BYTES = 256 * 1024 * 1024

/** Writes the journal of a stage, durably and in one step. */
export async function writeJournal(stage: string, { request, moves }: Journal): Promise<void> {
  const head = { format: 'grove-checkout/1', request, moves: moves.length }
  const path = join(stage, JOURNAL_FILE)
  const file = await open(`${path}.new`, 'wx', 0o600)
  try {
    await file.writeFile([head, ...moves].map((line) => `${JSON.stringify(line)}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(stage)
}

/**
 * The journal of a stage; undefined if no move was begun, or all were ended. Throws
 * `storage-failed` for a journal that a checkout would not have written.
 */
export async function readJournal(stage: string): Promise<Journal | undefined> {
  const path = join(stage, JOURNAL_FILE)
  let bytes: Buffer | undefined
  try {
    bytes = await readPlainFile(path, JOURNAL_MAX_BYTES)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw cause
  }
  try {
    return journalIn(`${bytes}`)
  } catch (cause) {
    const message = `${path} is damaged: remove ${stage}, look at what is beside it, and try again`
    throw new GroveError('storage-failed', { path }, { cause, message })
  }
}

/** A path that leads out of the target is refused too: the moves of a checkout never have one. */
function journalIn(text: string): Journal {
  const [head = '', ...lines] = text.split('\n')
  const { request, moves: count } = headSchema.parse(JSON.parse(head))
  const moves = lines.slice(0, count).map((line) => moveSchema.parse(JSON.parse(line)))
  for (const { path } of moves) checkPath(path)
  return { request, moves }
}

/** Whether a stage has a journal: then its moves are not all carried out. */
export async function hasJournal(stage: string): Promise<boolean> {
  return (await readdir(stage)).includes(JOURNAL_FILE)
}

/** Ends a journal: what is in the target stays. */
export async function endJournal(stage: string): Promise<void> {
  await unlink(join(stage, JOURNAL_FILE))
}

/** Makes the names in a directory durable, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(without('EISDIR', 'EPERM', 'EACCES'))
  try {
    await folder?.sync().catch(without('EINVAL', 'ENOTSUP', 'EPERM'))
  } finally {
    await folder?.close()
  }
}

function without(...codes: readonly string[]) {
  return (cause: unknown): undefined => {
    if (!codes.includes(errnoOf(cause))) throw cause
  }
}
