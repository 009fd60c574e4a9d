import { Semaphore } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import type { Cid } from '../../core/cid.ts'
import { TRANSFERS_MAX, TRANSFERS_MAX_PER_PEER } from '../../core/limits.ts'
import type { TransferProgress, Transferred, Transfers } from '../context.ts'
import { PartialsKept } from './kept-partials.ts'

export class TransferSlots implements Transfers {
  readonly blobs = new Singleflight<Transferred>()
  readonly kept = new PartialsKept()
  readonly #all = new Semaphore(TRANSFERS_MAX)
  readonly #watchers = new Map<Cid, Set<(progress: TransferProgress) => void>>()
  readonly #byPeer = new Map<string, { readonly places: Semaphore; users: number }>()

  watch(hash: Cid, watcher: (progress: TransferProgress) => void): () => void {
    const watchers = this.#watchers.get(hash) ?? new Set()
    this.#watchers.set(hash, watchers.add(watcher))
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0) this.#watchers.delete(hash)
    }
  }

  tell(progress: TransferProgress): void {
    for (const watcher of this.#watchers.get(progress.hash) ?? []) watcher(progress)
  }

  async enter(address: string, signal: AbortSignal): Promise<() => void> {
    const own = this.#byPeer.get(address) ?? {
      places: new Semaphore(TRANSFERS_MAX_PER_PEER),
      users: 0,
    }
    this.#byPeer.set(address, own)
    own.users++
    const leave = () => {
      own.users--
      if (own.users === 0) this.#byPeer.delete(address)
    }
    try {
      return await this.#enterBoth(own.places, leave, signal)
    } catch (error) {
      leave()
      throw error
    }
  }

  async #enterBoth(places: Semaphore, leave: () => void, signal: AbortSignal): Promise<() => void> {
    const leavePeer = await places.enter(signal)
    try {
      const leaveAll = await this.#all.enter(signal)
      return () => {
        leaveAll()
        leavePeer()
        leave()
      }
    } catch (error) {
      leavePeer()
      throw error
    }
  }
}
