import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIG_FILE } from '../config.ts'
import { isJsonObject } from '../core/canonical.ts'
import { errnoOf, storageError } from '../core/errno.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { parseUniqueJson } from '../core/unique-names.ts'
import { readPlainFile } from '../disk/plain-file.ts'

/** The largest configuration file that is read. */
const CONFIG_MAX_BYTES = 1024 * 1024

/**
 * The content of DIR/grove.json; undefined if it doesn't exist. Throws `usage-error` if it isn't
 * JSON, and `refused` if it holds a token that others can read.
 */
export async function readConfigFile(directory: string): Promise<unknown> {
  const path = join(directory, CONFIG_FILE)
  try {
    const bytes = await readPlainFile(path, CONFIG_MAX_BYTES)
    if (bytes !== undefined) return await checked(path, parseUniqueJson(textOf(bytes)))
  } catch (cause) {
    // If the path is not a directory, opening it says so.
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return undefined
    if (cause instanceof SyntaxError)
      throw new GroveError(
        'usage-error',
        { path },
        { cause, message: `${path} is not JSON: ${cause.message}` },
      )
    if (isGroveError(cause, 'validation-error'))
      throw new GroveError('usage-error', { path }, { cause, message: `${path}: ${cause.message}` })
    throw storageError(cause, { path })
  }
  const message = `${path} is no plain file, or has more than ${CONFIG_MAX_BYTES} bytes`
  throw new GroveError('usage-error', { path }, { message })
}

/** The settings, unless they have a token and others can read it. Throws `refused`. */
async function checked(path: string, settings: unknown): Promise<unknown> {
  if (!isJsonObject(settings) || settings['token'] === undefined) return settings
  const others = process.platform === 'win32' ? 0 : (await stat(path)).mode & 0o077
  if (others === 0) return settings
  const message = `${path} holds a token and others can read it: chmod 600 ${path}`
  throw new GroveError('refused', { path }, { message })
}

/** A file's text without its byte order mark, by which Windows tells UTF-8 and UTF-16. */
function textOf(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}
