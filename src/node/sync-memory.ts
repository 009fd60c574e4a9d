import type { SyncReport } from '../core/wire.ts'
import type { Candidate } from '../protocol/want.ts'
import { Wants } from '../protocol/want.ts'
import { EvidenceMemory } from './evidence.ts'

/** Announced items kept until their round begins. */
const ANNOUNCED_MAX = 4_096

/** What background sync remembers between rounds. */
export class SyncMemory {
  /** What was tried, and what is refused. */
  readonly wants = new Wants()
  /** Whose knowledge about what is held here has been taken in. */
  readonly evidence = new EvidenceMemory()
  /** What the latest round did; undefined before the first. */
  lastReport: SyncReport | undefined
  #announced: Candidate[] = []

  /** Keeps what peers say they have, for the next round; whether it is the first of it. */
  announce(candidates: readonly Candidate[]): boolean {
    const first = this.#announced.length === 0
    this.#announced.push(...candidates.slice(0, ANNOUNCED_MAX - this.#announced.length))
    return first
  }

  /** What has been announced since it was last asked. */
  takeAnnounced(): Candidate[] {
    const announced = this.#announced
    this.#announced = []
    return announced
  }
}
