import { Semaphore } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { TRANSFERS_MAX, TRANSFERS_MAX_PER_PEER } from '../../core/limits.ts'
import type { Transferred, Transfers } from '../context.ts'

export class TransferSlots implements Transfers {
  readonly blobs = new Singleflight<Transferred>()
  readonly #all = new Semaphore(TRANSFERS_MAX)
  readonly #byPeer = new Map<string, { readonly places: Semaphore; users: number }>()

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
