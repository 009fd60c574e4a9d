import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cid, isCid } from '../../core/cid.ts'
import type { Log } from '../../ports/log.ts'
import type { Damage } from '../../ports/store-health.ts'
import { makeDirectory } from './make-directory.ts'
import { PRIVATE_FILE } from './modes.ts'

/** Digits of a hash at which its cid's prefix ends. */
const PREFIX = 'blake3:'

/**
 * What is damaged, with its bytes in `damaged/` by the hex digits of the hash that they should
 * have, until right ones are stored.
 */
export class Damaged {
  readonly #dir: string
  readonly #log: Log
  readonly #hashes = new Set<Cid>()
  readonly #listeners = new Set<(damage: Damage) => void>()

  private constructor(dir: string, log: Log) {
    this.#dir = dir
    this.#log = log
  }

  /** Reads what was found before. The directory `damaged/` is made when it is needed. */
  static async open(dir: string, log: Log): Promise<Damaged> {
    const damaged = new Damaged(join(dir, 'damaged'), log)
    const names = await readdir(damaged.#dir).catch(() => [])
    for (const name of names) {
      const hash = `${PREFIX}${name}`
      if (isCid(hash)) damaged.#hashes.add(hash)
    }
    if (damaged.#hashes.size > 0)
      log.warn('damaged bytes are missing still', { dir, count: damaged.#hashes.size })
    return damaged
  }

  has(hash: Cid): boolean {
    return this.#hashes.has(hash)
  }

  list(): Cid[] {
    return [...this.#hashes]
  }

  onDamage(listener: (damage: Damage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Sets a damaged file aside. */
  async keepFile(hash: Cid, path: string): Promise<void> {
    await this.#keep({ hash, what: 'blob' }, (place) => rename(path, place))
  }

  /** Writes damaged bytes aside; resolves to false if that failed. */
  async keepBytes(damage: Damage, bytes: Uint8Array): Promise<boolean> {
    return this.#keep(damage, async (place) => {
      await rm(place, { force: true })
      await writeFile(place, bytes, { flag: 'wx', mode: PRIVATE_FILE })
    })
  }

  /** Right bytes were stored: the damaged ones are deleted. */
  async heal(hash: Cid): Promise<void> {
    if (!this.#hashes.delete(hash)) return
    this.#log.info('damage is healed', { hash })
    await rm(this.#placeOf(hash), { force: true })
  }

  async #keep(damage: Damage, keep: (place: string) => Promise<void>): Promise<boolean> {
    const { hash, what } = damage
    const isNew = !this.#hashes.has(hash)
    this.#hashes.add(hash)
    if (isNew) {
      this.#log.error('damaged bytes: they count as missing until they come again', { hash, what })
      for (const listener of this.#listeners) listener(damage)
    }
    try {
      await makeDirectory(this.#dir)
      await keep(this.#placeOf(hash))
      return true
    } catch (err) {
      this.#log.warn('damaged bytes could not be set aside', { hash, err })
      return false
    }
  }

  #placeOf(hash: Cid): string {
    return join(this.#dir, hash.slice(PREFIX.length))
  }
}
