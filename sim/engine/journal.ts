import { CidHasher } from '../../src/core/cid.ts'
import type { Timeline } from './timeline.ts'

/** Lines are hashed by the heap of about so many characters. */
const BATCH_CHARS = 64 * 1024
const CID = /blake3:[0-9a-f]{64}/g

/** What happens in a run: hashed always, kept as readable lines where somebody wants to read them. */
export class Journal {
  readonly lines: string[] = []
  readonly #timeline: Timeline
  readonly #start: number
  readonly #keep: boolean
  readonly #hasher = new CidHasher()
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  #batch = ''

  constructor(timeline: Timeline, keep: boolean) {
    this.#timeline = timeline
    this.#start = timeline.now
    this.#keep = keep
  }

  /** Gives a cid a short name for the reader: `work-1`, `review-2`, … */
  name(cid: string, kind: string): string {
    const known = this.#names.get(cid)
    if (known !== undefined) return known
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    this.#names.set(cid, `${kind}-${count}`)
    return `${kind}-${count}`
  }

  /** Notes what happened: `exact` for the hash, `told` for a reader (its words are only made where there is one). */
  note(who: string, exact: string, told: () => string = () => exact): void {
    this.#batch += `${this.#timeline.now} ${who} ${exact}\n`
    if (this.#batch.length > BATCH_CHARS) this.#flush()
    if (this.#keep) this.lines.push(`${this.#moment()}  ${who.padEnd(12)} ${this.readable(told())}`)
  }

  /** Notes only for the hash: what a reader need not see. */
  trace(exact: string): void {
    this.#batch += `${this.#timeline.now} ${exact}\n`
    if (this.#batch.length > BATCH_CHARS) this.#flush()
  }

  /** With short names instead of cids. */
  readable(text: string): string {
    return text.replace(CID, (cid) => this.#names.get(cid) ?? `${cid.slice(7, 13)}…`)
  }

  /** Of everything noted. Call it once, at the end. */
  hash(): string {
    this.#flush()
    return this.#hasher.digest().slice(7, 39)
  }

  #flush(): void {
    this.#hasher.update(Buffer.from(this.#batch))
    this.#batch = ''
  }

  /** `mm:ss.mmm` since the start. */
  #moment(): string {
    const ms = this.#timeline.now - this.#start
    const minutes = String(Math.floor(ms / 60_000)).padStart(2, '0')
    return `${minutes}:${((ms % 60_000) / 1_000).toFixed(3).padStart(6, '0')}`
  }
}
