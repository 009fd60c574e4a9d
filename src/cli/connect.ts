import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { GroveApi } from '../api/client/api.ts'
import type { Role } from '../api/local/holder.ts'
import type { SharedGrove } from '../api/local/shared-grove.ts'
import { DEFAULT_PORT, fromSource, parseAddress } from '../config/address.ts'
import type { Environment } from '../config/environment.ts'
import { decideConfig, type GroveSettings } from '../config.ts'
import { isJsonObject } from '../core/canonical.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { tokenId } from '../core/identity/token.ts'
import { holdsOnlyOthers } from '../disk/grove-directory.ts'
import type { Clock } from '../ports/clock.ts'
import { type Log, silentLog } from '../ports/log.ts'
import { secretHex } from '../runtime/secret.ts'
import { readConfigFile } from './config-file.ts'
import { isKnown, PROJECT_DIR, remember } from './known.ts'
import type { Output } from './output/output.ts'
import { warnings } from './output/terminal-log.ts'

/** The options that name the grove of a command. */
export interface Where {
  readonly server?: string
  readonly dir?: string
}

/** Where a command runs, as far as connecting needs it. */
export interface ConnectContext {
  readonly env: Environment
  readonly clock: Clock
  readonly output: Output
  /** Aborts when the user interrupts, or when stdout is no longer read. */
  readonly signal: AbortSignal
}

/** An open connection to a grove, wherever it runs. */
export interface GroveConnection {
  readonly grove: GroveApi
  readonly place: string
  close(): Promise<void>
}

/** How a command uses a directory that it opens. */
export interface Use {
  readonly role: Role
  /** When it begins to serve the directory to other processes. Most commands are over by then. */
  readonly serveAfterMs: number
  /** Whether it makes a grove in a directory that is named and doesn't exist. */
  readonly creates?: boolean
}

export const oneCommand: Use = { role: 'command', serveAfterMs: 250 }

/** The file in a grove's directory that holds its server's address, while it is served. */
export const SERVER_FILE = 'server.json'

/**
 * Connects to a grove: the first that is given of --server, --dir, GROVE_URL, GROVE_DIR, a .grove
 * directory here or above, the default address. A directory is opened in this process, unless
 * another process has it open: then that process is asked. Throws `usage-error`, `storage-locked`,
 * `storage-newer`, `read-only`.
 */
export async function connect(
  where: Where,
  context: ConnectContext,
  use: Use = oneCommand,
): Promise<GroveConnection> {
  if (where.server !== undefined && where.dir !== undefined) {
    throw new GroveError(
      'usage-error',
      {},
      { message: '--server and --dir name two groves: give only one of them' },
    )
  }
  const { env } = context
  if (where.server !== undefined) return remote(where.server, '--server', context)
  if (where.dir !== undefined) {
    const connection = await openDirectory(where.dir, context, use)
    await remember(resolve(where.dir), env)
    return connection
  }
  if (env.GROVE_URL !== undefined) return remote(env.GROVE_URL, 'GROVE_URL', context)
  if (env.GROVE_DIR !== undefined) return openDirectory(env.GROVE_DIR, context, use)
  const directory = await projectDirectory(process.cwd(), env)
  if (directory === undefined)
    return remote(`http://127.0.0.1:${DEFAULT_PORT}`, 'the default', context)
  const connection = await openDirectory(directory, context, use)
  // It is known, and stays so if its key was lost, which gave it another id.
  await remember(directory, env)
  return connection
}

/** Throws `usage-error` for --server on a command that makes or serves a directory. */
export function refuseServer(command: string, { server }: Where): void {
  if (server === undefined) return
  const message =
    `${command} works on a directory, which --dir names: ` +
    '--server names a grove that another process serves'
  throw new GroveError('usage-error', {}, { message })
}

/**
 * The nearest known .grove directory, here or above; undefined if there is none at all. Throws
 * `refused` if there are only others, which somebody else may have made.
 */
export async function projectDirectory(
  start: string,
  env: Environment,
): Promise<string | undefined> {
  let other: string | undefined
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const candidate = join(folder, PROJECT_DIR)
    if (await isDirectory(candidate)) {
      if (await isKnown(candidate, env)) return candidate
      other ??= candidate
    }
    if (folder === dirname(folder)) break
  }
  if (other === undefined) return undefined
  const message =
    `${other} is not used, since it is not known to be yours: \`grove init ${other}\` takes it ` +
    'over, --dir uses it, --server asks another grove'
  throw new GroveError('refused', { directory: other }, { message })
}

async function remote(
  address: string,
  source: string,
  { clock, env }: ConnectContext,
): Promise<GroveConnection> {
  const { groveClient } = await import('../api/client/http-client.ts')
  const url = addressFrom(source, address)
  const grove = groveClient(url, clock, await tokenFor(env))
  return { grove, place: url, close: () => grove.close() }
}

/**
 * The token for a grove that is called by its address: of the environment, else in the grove.json
 * of the directory that would be used. Throws as `readConfigFile` does.
 */
async function tokenFor(env: Environment): Promise<string | undefined> {
  if (env.GROVE_TOKEN !== undefined) return tokenFrom(env.GROVE_TOKEN, 'GROVE_TOKEN')
  const directory = env.GROVE_DIR ?? (await ownProject(env))
  const file = directory === undefined ? undefined : await readConfigFile(resolve(directory))
  const token = isJsonObject(file) ? file['token'] : undefined
  return token === undefined ? undefined : tokenFrom(token, 'the token of grove.json')
}

/** A .grove that may be somebody else's gives no token. */
async function ownProject(env: Environment): Promise<string | undefined> {
  try {
    return await projectDirectory(process.cwd(), env)
  } catch (error) {
    if (!isGroveError(error, 'refused')) throw error
    return undefined
  }
}

/** Throws `usage-error`, which doesn't repeat what was given. */
function tokenFrom(value: unknown, source: string): string {
  const token = String(value).trim()
  if (tokenId(token) !== undefined) return token
  const message = `${source} is no token of a grove: those begin with grove_ and have 62 characters`
  throw new GroveError('usage-error', { source }, { message })
}

function addressFrom(source: string, address: string): string {
  try {
    return parseAddress(address)
  } catch (error) {
    throw isGroveError(error) ? fromSource(source, error) : error
  }
}

/**
 * Shares a directory. A grove that is opened here asks peers when a command needs it, but neither
 * gossips nor starts rounds by itself.
 */
async function openDirectory(
  directory: string,
  context: ConnectContext,
  use: Use,
): Promise<GroveConnection> {
  const dir = resolve(directory)
  if (use.creates !== true && !(await isDirectory(dir))) {
    const whose = directory === context.env.GROVE_DIR ? ' (GROVE_DIR)' : ''
    const message = `there is no grove in ${dir}${whose}: make one with \`grove init ${directory}\``
    throw new GroveError('not-found', { directory: dir }, { message })
  }
  await refuseOthers(dir, directory)
  const { grove: settings } = decideConfig({
    dir,
    env: context.env,
    file: await readConfigFile(dir),
  })
  const shared = await sharedDirectory(settings, context, use)
  try {
    const { url } = await shared.session(context.signal)
    return { grove: shared.api, place: url ?? dir, close: () => shared.close() }
  } catch (error) {
    await shared.close()
    throw error
  }
}

/** Throws `not-found` for a folder of other files: no command but `init` makes a grove in it. */
async function refuseOthers(dir: string, named: string): Promise<void> {
  // What can't be read is opened all the same, which says why.
  if (!(await holdsOnlyOthers(dir).catch(() => false))) return
  const message =
    `there is no grove in ${dir}, which has other files: name a grove's directory, or make one ` +
    `there with \`grove init ${named}\``
  throw new GroveError('not-found', { directory: dir }, { message })
}

/** Longer than any command takes: rounds are left to the server. */
const NO_ROUNDS_MS = 24 * 3_600_000

/**
 * The grove of a directory, whichever process has it open. What talks to that process, and what
 * opens it here, are loaded when they are needed: they would slow the start of every command.
 */
async function sharedDirectory(
  { dir, ...settings }: GroveSettings,
  { clock, output }: ConnectContext,
  { role, serveAfterMs }: Use,
): Promise<SharedGrove> {
  const { SharedGrove } = await import('../api/local/shared-grove.ts')
  // Later it is the answer that says what went wrong.
  let isOpening = true
  const { warn } = warnings(output)
  const log: Log = { ...silentLog, warn: (...line) => (isOpening ? warn(...line) : undefined) }
  return new SharedGrove({
    dir,
    clock,
    secret: secretHex,
    async hold(leaving) {
      const { holdDirectory } = await import('../compose.ts')
      const quiet = { ...settings, dir, syncIntervalMs: NO_ROUNDS_MS }
      const session = await holdDirectory(quiet, log, { role, serveAfterMs, leaving })
      isOpening = false
      return session
    },
  })
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Missing or inaccessible: either way it can't be opened.
    return false
  }
}
