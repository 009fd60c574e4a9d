import { createHmac, timingSafeEqual } from 'node:crypto'
import { statSync } from 'node:fs'
import { chmod, lstat, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import { readPlainFile, replaceFile } from '../../disk/plain-file.ts'
import type { ApiRequest } from '../answer/request.ts'
import { jsonResponse } from '../answer/response.ts'
import type { Handler } from '../answer/routes.ts'

/**
 * The process that has a grove's directory open, which is the only one that can. It leaves a note
 * in the directory, by which other processes find it and make sure that it is the right one.
 */

/** What belongs to the process that has the directory open; only its owner may enter. */
const RUN_DIR = 'run'
const NOTE_FILE = 'holder.json'
const NOTE_MAX_BYTES = 16 * 1024

/** How a process uses the directory. Only a server keeps it when another process asks for it. */
const roleSchema = z.enum(['server', 'library', 'mcp', 'command'])
export type Role = z.infer<typeof roleSchema>

const holderSchema = z.object({
  pid: z.number().int(),
  role: roleSchema,
  peerId: z.string(),
  /** Proves that an answer comes from the process that wrote the note. */
  key: z.string().min(32),
  /** Name of its socket in the folder, or of its pipe; undefined if it could not make one. */
  socket: z.string().optional(),
  /** Where it listens for other machines or other users; undefined if it doesn't. */
  url: z.string().optional(),
})

/** The note that a directory's holder leaves in it. */
export type Holder = z.infer<typeof holderSchema>

/** The directory's folder for its holder's socket and note. */
export const runDirectory = (dir: string): string => join(dir, RUN_DIR)

/**
 * Makes the folder of the holder, which only its owner may enter. Throws `refused` if another user
 * made it, and the system's errors.
 */
export async function makeRunDirectory(dir: string): Promise<void> {
  const path = runDirectory(dir)
  await mkdir(path, { mode: 0o700 }).catch(async (error: unknown) => {
    if (!(await lstat(path)).isDirectory()) throw error
  })
  if (!(await isOurs(dir))) throw new GroveError('refused', { path }, { message: foreign(path) })
  await chmod(path, 0o700)
}

const foreign = (path: string) => `${path} belongs to another user: remove it`

/** Whether the folder of the holder belongs to this user, or to the owner of the directory. */
async function isOurs(dir: string): Promise<boolean> {
  const owner = (await lstat(runDirectory(dir))).uid
  return (
    process.getuid === undefined || owner === process.geteuid?.() || owner === (await stat(dir)).uid
  )
}

/**
 * Whether a directory is this user's, or will be when it is made. In another user's directory,
 * that user says what is own, and may be the one who answers for it.
 */
export function isThisUsers(dir: string): boolean {
  const info = statSync(dir, { throwIfNoEntry: false })
  return info === undefined || process.geteuid === undefined || info.uid === process.geteuid()
}

/** Leaves the note. */
export async function writeHolder(dir: string, holder: Holder): Promise<void> {
  await replaceFile(join(runDirectory(dir), NOTE_FILE), `${JSON.stringify(holder)}\n`, 0o600)
}

export async function removeHolder(dir: string): Promise<void> {
  await rm(join(runDirectory(dir), NOTE_FILE), { force: true })
}

/**
 * The note in a directory, which may be that of a process that was killed, or have come with a
 * copy of another directory; undefined if there is none that this user may read.
 */
export async function readHolder(dir: string): Promise<Holder | undefined> {
  try {
    const note = await readPlainFile(join(runDirectory(dir), NOTE_FILE), NOTE_MAX_BYTES)
    const { data } = holderSchema.safeParse(JSON.parse(`${note}`))
    return data !== undefined && (await isOurs(dir)) ? data : undefined
  } catch {
    // Missing, another user's, no file, or no JSON: nobody can be found by it.
    return undefined
  }
}

/** What tells a directory from its copies. */
export async function directoryId(dir: string): Promise<string> {
  const { dev, ino } = await stat(dir, { bigint: true })
  return `${dev}:${ino}`
}

/** The route at which a holder proves that it has the directory open. */
export const PROOF_PATH = '/.grove/holder'

/** What a holder's proof depends on. */
export interface Proven {
  readonly key: string
  readonly peerId: string
  /** `directoryId` of the directory that it has open. */
  readonly directory: string
}

/**
 * The proof for a caller's nonce. Without the key nobody can give it, and a copy of the directory
 * has another id.
 */
function proofFor({ key, peerId, directory }: Proven, nonce: string): string {
  return createHmac('sha256', key).update(`${nonce}\n${peerId}\n${directory}`).digest('hex')
}

/** Whether a proof is the right one. */
export function isProof(given: unknown, proven: Proven, nonce: string): boolean {
  const right = Buffer.from(proofFor(proven, nonce))
  const bytes = Buffer.from(typeof given === 'string' ? given : '')
  return bytes.byteLength === right.byteLength && timingSafeEqual(bytes, right)
}

/** Answers callers that want a proof. */
export function proofHandler(proven: Proven): Handler {
  return {
    name: 'holder',
    access: 'free',
    answer: ({ search }: Pick<ApiRequest, 'search'>) =>
      jsonResponse(200, {
        proof: proofFor(proven, new URLSearchParams(search).get('nonce') ?? ''),
      }),
  }
}
