import { statfs } from 'node:fs/promises'
import type { Cid } from '../../core/cid.ts'
import type { Log } from '../../ports/log.ts'
import type { Damage, DiskRoom, StoreHealth } from '../../ports/store-health.ts'
import type { Damaged } from '../fs/damaged.ts'
import { keepId } from '../fs/lost-database.ts'
import type { Session } from './session.ts'

interface Parts {
  readonly dir: string
  readonly session: Session
  readonly damaged: Damaged
  readonly log: Log
}

/** The health of the stores in a directory. */
export class SqliteHealth implements StoreHealth {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  damaged(): Cid[] {
    return this.#parts.damaged.list()
  }

  onDamage(listener: (damage: Damage) => void): () => void {
    return this.#parts.damaged.onDamage(listener)
  }

  check(options: { readonly writes: boolean }): Promise<void> {
    return this.#parts.session.check(options)
  }

  async room(): Promise<DiskRoom | undefined> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#parts.dir)
      return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
    } catch {
      // It is only a figure: what is wrong with the disk shows when something is stored.
      return undefined
    }
  }

  keepId(id: string): Promise<void> {
    const { dir, log } = this.#parts
    return keepId(dir, id, log)
  }
}
