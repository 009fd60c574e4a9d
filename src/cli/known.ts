import { appendFile, mkdir, readFile, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { Environment } from '../config/environment.ts'
import { errnoOf } from '../core/errno.ts'
import { readPlainFile } from '../disk/plain-file.ts'

/**
 * The groves of projects that this user made or named, in `$XDG_STATE_HOME/grove/known`: a line of
 * JSON for each, with its directory and its id. A `.grove` that arrives with somebody else's files
 * is not among them, so that no command takes its settings, or publishes into it, by itself.
 */

/** The directory of a grove that belongs to a project, as `.git` does. */
export const PROJECT_DIR = '.grove'
/** Bytes of the file with the id. */
const ID_MAX_BYTES = 1_024

/** Whether a directory is known with the grove that it now holds. */
export async function isKnown(directory: string, env: Environment): Promise<boolean> {
  const line = await lineOf(directory)
  return line !== undefined && (await knownLines(env)).includes(line)
}

/**
 * Makes a directory known, if it is one that commands look for. False where this can't be written,
 * as by a user without a home: then the directory has to be named each time.
 */
export async function remember(directory: string, env: Environment): Promise<boolean> {
  if (basename(directory) !== PROJECT_DIR || (await isKnown(directory, env))) return true
  const line = await lineOf(directory)
  if (line === undefined) return true
  const path = knownFile(env)
  if (path === undefined) return false
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await appendFile(path, `${line}\n`, { mode: 0o600 })
    return true
  } catch (cause) {
    if (
      !['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR'].includes(
        errnoOf(cause),
      )
    )
      throw cause
    return false
  }
}

async function knownLines(env: Environment): Promise<readonly string[]> {
  const path = knownFile(env)
  if (path === undefined) return []
  try {
    return (await readFile(path, 'utf8')).split('\n')
  } catch {
    // There is none yet, or it can't be read: then nothing is known.
    return []
  }
}

/** The line of a directory; undefined if it holds no grove, or one without an id file. */
async function lineOf(directory: string): Promise<string | undefined> {
  try {
    const dir = await realpath(directory)
    const id = (await readPlainFile(join(dir, 'id'), ID_MAX_BYTES))?.toString('utf8').trim() ?? ''
    return id === '' ? undefined : JSON.stringify({ dir, id })
  } catch {
    // Missing or inaccessible: either way no grove is there to be known.
    return undefined
  }
}

/** Undefined for a user of whom the system knows no home, as in containers. */
function knownFile({ XDG_STATE_HOME: named, LOCALAPPDATA: local }: Environment) {
  const state = named !== undefined && isAbsolute(named) ? named : (local ?? stateInHome())
  return state === undefined ? undefined : join(state, 'grove', 'known')
}

function stateInHome(): string | undefined {
  try {
    return join(homedir(), '.local', 'state')
  } catch {
    // There is neither HOME nor an entry of the user.
    return undefined
  }
}
