/** A stretch of the log that one opening of a directory wrote: the entries after number `after`. */
export interface Epoch {
  /** 16 hex digits, drawn anew for each opening. */
  readonly id: string
  readonly after: number
}

/**
 * The history of a log, from its first epoch to the current one. A number alone doesn't say which
 * entry is meant once a directory was copied, or put back from a backup: other entries may get the
 * same numbers. A position names the epoch too, and belongs to a log only within the stretch that
 * the epoch has there (as leader epochs in Kafka, KIP-101).
 */
export class Epochs {
  readonly #epochs: readonly [Epoch, ...Epoch[]]

  /** Ascending by `after`; the first begins the log. */
  constructor(epochs: readonly [Epoch, ...Epoch[]]) {
    this.#epochs = epochs
  }

  /** The position after entry `seq`. */
  position(seq: number): string {
    const epoch = this.#epochs.findLast(({ after }) => after < seq) ?? this.#epochs[0]
    return `${epoch.id}:${seq}`
  }

  /** The number in a position; undefined if this log doesn't have that position. */
  seqAt(position: string): number | undefined {
    const [, id, digits] = /^([0-9a-f]{16}):(\d{1,15})$/.exec(position) ?? []
    const index = this.#epochs.findIndex((epoch) => epoch.id === id)
    if (index < 0) return undefined
    const seq = Number(digits)
    const first = index === 0 ? 0 : (this.#epochs[index]?.after ?? 0) + 1
    const last = this.#epochs[index + 1]?.after ?? Number.POSITIVE_INFINITY
    return seq >= first && seq <= last ? seq : undefined
  }
}
