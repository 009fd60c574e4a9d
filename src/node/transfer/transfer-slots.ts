import { BufferPool } from '../../concurrency/buffer-pool.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { type Slot, Slots, type Urgency } from '../../concurrency/slots.ts'
import type { Cid } from '../../core/cid.ts'
import {
  TRANSFERS_MAX,
  TRANSFERS_MAX_ASKED_PER_HOST,
  TRANSFERS_MAX_BULK,
  TRANSFERS_MAX_PER_HOST,
  TRANSFERS_MAX_UNASKED,
} from '../../core/limits.ts'
import { type Hosts, shareKey } from '../../core/peers/hosts.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Transfer, TransferProgress, Transferred, Transfers } from '../context.ts'
import { PartialsKept } from './kept-partials.ts'

/** Nobody waits long for a transfer of so many bytes. */
const SMALL_TRANSFER_MAX_BYTES = 256 * 1024

const ROOM = {
  all: TRANSFERS_MAX,
  unasked: TRANSFERS_MAX_UNASKED,
  bulk: TRANSFERS_MAX_BULK,
  perHost: TRANSFERS_MAX_PER_HOST,
  askedPerHost: TRANSFERS_MAX_ASKED_PER_HOST,
}

export class TransferSlots implements Transfers {
  readonly blobs = new Singleflight<Transferred>()
  readonly kept = new PartialsKept()
  readonly buffers = new BufferPool()
  readonly #slots: Slots
  readonly #hosts: Pick<Hosts, 'keyOf'>
  readonly #watchers = new Map<Cid, Set<(progress: TransferProgress) => void>>()
  /** How many callers ask for a blob. */
  readonly #asked = new Map<Cid, number>()

  constructor({ clock, hosts }: { readonly clock: Clock; readonly hosts: Pick<Hosts, 'keyOf'> }) {
    this.#slots = new Slots(ROOM, clock)
    this.#hosts = hosts
  }

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

  wantedByCaller(hash: Cid): () => void {
    this.#asked.set(hash, (this.#asked.get(hash) ?? 0) + 1)
    this.#slots.changed()
    return () => {
      const others = (this.#asked.get(hash) ?? 1) - 1
      if (others > 0) this.#asked.set(hash, others)
      else this.#asked.delete(hash)
      this.#slots.changed()
    }
  }

  enter({ hash, address, sizeBytes, displace }: Transfer, signal: AbortSignal): Promise<Slot> {
    const urgency = (): Urgency => {
      if (this.#asked.has(hash)) return 'asked'
      return (sizeBytes() ?? Number.POSITIVE_INFINITY) <= SMALL_TRANSFER_MAX_BYTES
        ? 'small'
        : 'bulk'
    }
    return this.#slots.enter({ host: shareKey(this.#hosts, address), urgency, displace }, signal)
  }
}
