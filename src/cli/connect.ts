import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { GroveApi } from '../api/client/api.ts'
import {
  CONFIG_FILE,
  DEFAULT_PORT,
  decideConfig,
  type Environment,
  type GroveSettings,
  parseAddress,
} from '../config.ts'
import { errnoOf, storageError } from '../core/errno.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import { silentLog } from '../ports/log.ts'
import { isKnown, PROJECT_DIR, remember } from './known.ts'

/** The options that name the grove of a command. */
export interface Where {
  readonly server?: string
  readonly dir?: string
}

/** Where a command runs, as far as connecting needs it. */
export interface ConnectContext {
  readonly env: Environment
  readonly clock: Clock
  /** Aborts when the user interrupts, or when stdout is no longer read. */
  readonly signal: AbortSignal
}

/** An open connection to a grove, wherever it runs. */
export interface GroveConnection {
  readonly grove: GroveApi
  readonly place: string
  close(): Promise<void>
}

/** The file in a grove's directory that holds its server's address, while it is served. */
export const SERVER_FILE = 'server.json'

/**
 * Connects to a grove: the first that is given of --server, --dir, GROVE_URL, GROVE_DIR, a .grove
 * directory here or above, the default address. A directory is opened in this process, unless a
 * server has it open: then that server is asked. Throws `usage-error`, `storage-locked`,
 * `storage-newer`, `read-only`.
 */
export async function connect(where: Where, context: ConnectContext): Promise<GroveConnection> {
  if (where.server !== undefined && where.dir !== undefined) {
    throw new GroveError(
      'usage-error',
      {},
      { message: '--server and --dir name two groves: give only one of them' },
    )
  }
  const { env } = context
  if (where.server !== undefined) return remote(where.server, context)
  if (where.dir !== undefined) {
    const connection = await openDirectory(where.dir, context)
    await remember(resolve(where.dir), env)
    return connection
  }
  if (env.GROVE_URL !== undefined) return remote(env.GROVE_URL, context)
  const directory = env.GROVE_DIR ?? (await projectDirectory(process.cwd(), env))
  return directory === undefined
    ? remote(`http://127.0.0.1:${DEFAULT_PORT}`, context)
    : openDirectory(directory, context)
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

/**
 * The content of DIR/grove.json; undefined if it doesn't exist. Throws `usage-error` if it isn't
 * JSON.
 */
export async function readConfigFile(directory: string): Promise<unknown> {
  const path = join(directory, CONFIG_FILE)
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    // If the path is not a directory, opening it says so.
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return undefined
    if (cause instanceof SyntaxError)
      throw new GroveError(
        'usage-error',
        { path },
        { cause, message: `${path} is not JSON: ${cause.message}` },
      )
    throw storageError(cause, { path })
  }
}

async function remote(address: string, { clock }: ConnectContext): Promise<GroveConnection> {
  const { groveClient } = await import('../api/client/http-client.ts')
  const url = parseAddress(address)
  const grove = groveClient(url, clock)
  return { grove, place: url, close: () => grove.close() }
}

/**
 * Opens a directory in this process. The grove asks peers when a command needs it, but neither
 * gossips nor starts rounds by itself.
 */
async function openDirectory(directory: string, context: ConnectContext): Promise<GroveConnection> {
  const dir = resolve(directory)
  if (!(await isDirectory(dir))) {
    const message = `there is no grove in ${dir}: make one with \`grove init ${directory}\``
    throw new GroveError('not-found', { directory: dir }, { message })
  }
  const { grove: settings } = decideConfig({
    dir,
    env: context.env,
    file: await readConfigFile(dir),
  })
  const deadline = context.clock.now() + LOCK_PATIENCE_MS
  for (;;) {
    try {
      return await embedded(settings)
    } catch (error) {
      if (!isGroveError(error, 'storage-locked')) throw error
      const url = await servedAt(dir)
      if (url !== undefined) return remote(url, context)
      if (context.clock.now() > deadline) throw error
    }
    await context.clock.sleep(LOCK_RETRY_MS, context.signal)
  }
}

/** How long a command waits for another that has the directory open. Most take less. */
const LOCK_PATIENCE_MS = 5_000
const LOCK_RETRY_MS = 50

/** Longer than any command takes: rounds are left to the server. */
const NO_ROUNDS_MS = 24 * 3_600_000

async function embedded(settings: GroveSettings): Promise<GroveConnection> {
  const [{ openNode }, { localClient }] = await Promise.all([
    import('../compose.ts'),
    import('../api/client/local-client.ts'),
  ])
  const { node, close } = await openNode({ ...settings, syncIntervalMs: NO_ROUNDS_MS }, silentLog)
  return { grove: localClient(node), place: settings.dir, close }
}

/** The address of the server that has the directory open. */
async function servedAt(directory: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(directory, SERVER_FILE), 'utf8')) as {
      url?: unknown
    }
    return typeof url === 'string' ? parseAddress(url) : undefined
  } catch {
    // Not served, or the file is being written right now. The caller then reports that the
    // directory is in use.
    return undefined
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Missing or inaccessible: either way it can't be opened.
    return false
  }
}
