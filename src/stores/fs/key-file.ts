import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { KeyStore } from '../../ports/key-store.ts'
import { OTHERS, PRIVATE_FILE } from './modes.ts'
import { syncDirectory } from './sync-directory.ts'

/** The file with a grove's private key. */
const KEY_FILE = 'identity.pem'
/** The next key, until it takes the place of the present one. */
const NEXT_FILE = `${KEY_FILE}.next`
/** Bytes of a file with a key. An Ed25519 key has 119. */
const KEY_MAX_BYTES = 4_096

/** A grove's private key in its directory. Only the process that has the directory may use it. */
export class KeyFile implements KeyStore {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  read(): Promise<string | undefined> {
    return this.#read(KEY_FILE)
  }

  async keep(pem: string): Promise<void> {
    await this.#write(`${KEY_FILE}.new`, pem)
    await this.#rename(`${KEY_FILE}.new`, KEY_FILE)
  }

  prepare(pem: string): Promise<void> {
    return this.#write(NEXT_FILE, pem)
  }

  prepared(): Promise<string | undefined> {
    return this.#read(NEXT_FILE)
  }

  async settle(outcome: 'take' | 'drop'): Promise<void> {
    if (outcome === 'take') return this.#rename(NEXT_FILE, KEY_FILE)
    await rm(join(this.#dir, NEXT_FILE), { force: true })
  }

  async #read(name: string): Promise<string | undefined> {
    const path = join(this.#dir, name)
    try {
      // Without O_NONBLOCK, a pipe is opened when somebody writes to it.
      const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
      const file = await open(path, flags)
      try {
        await this.#refuseOthers(path, file)
        const { buffer, bytesRead } = await file.read(Buffer.alloc(KEY_MAX_BYTES))
        return buffer.toString('utf8', 0, bytesRead)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      if (errnoOf(error) === 'ELOOP') throw refused(path, 'is a symbolic link')
      throw storageError(error, { path })
    }
  }

  /** Throws `refused` if anybody but the directory's user could have read or written the key. */
  async #refuseOthers(path: string, file: FileHandle): Promise<void> {
    const found = await file.stat()
    if (!found.isFile()) throw refused(path, 'is no plain file')
    const { mode, uid } = found
    if (process.geteuid === undefined) return
    if (uid !== process.geteuid() && uid !== (await stat(this.#dir)).uid)
      throw refused(path, 'belongs to another user')
    if ((mode & OTHERS) !== 0)
      throw refused(path, `can be read or written by others (\`chmod 600 ${path}\` keeps them out)`)
  }

  async #write(name: string, pem: string): Promise<void> {
    const path = join(this.#dir, name)
    try {
      await rm(path, { force: true })
      const file = await open(path, 'wx', PRIVATE_FILE)
      try {
        await file.writeFile(pem)
        await file.sync()
      } finally {
        await file.close()
      }
      await syncDirectory(this.#dir)
    } catch (error) {
      throw storageError(error, { path })
    }
  }

  async #rename(from: string, to: string): Promise<void> {
    const path = join(this.#dir, to)
    try {
      await rename(join(this.#dir, from), path)
      await syncDirectory(this.#dir)
    } catch (error) {
      throw storageError(error, { path })
    }
  }
}

function refused(path: string, what: string): GroveError {
  const message =
    `${path}, which has the key of this grove, ${what}: others may have the key. Put your own ` +
    'copy in its place, or move it away: the grove then gets a new key, and others take it for ' +
    'another one'
  return new GroveError('refused', { path }, { message })
}
