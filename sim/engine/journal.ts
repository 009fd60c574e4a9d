import { CidHasher } from '../../src/core/cid.ts'
import type { Timeline } from './timeline.ts'

/** Lines are hashed in batches of about this size. */
const BATCH_CHARS = 64 * 1024
const ID = /(?:blake3|ed25519):[0-9a-f]{64}/g

/** What happens in a run: always hashed, and kept as readable lines if there is a reader. */
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

  /** Gives a cid a short name for readers: `work-1`, `review-2`, … */
  name(cid: string, kind: string): string {
    const known = this.#names.get(cid)
    if (known !== undefined) return known
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    this.#names.set(cid, `${kind}-${count}`)
    return `${kind}-${count}`
  }

  /** Shows readers a grove's id by the grove's name. */
  call(id: string, name: string): void {
    this.#names.set(id, name)
  }

  /**
   * Notes what happened: `exact` for the hash, `words` for a reader, called only if there is one.
   */
  note(who: string, exact: string, words: () => string = () => exact): void {
    this.#batch += `${this.#timeline.now} ${who} ${exact}\n`
    if (this.#batch.length > BATCH_CHARS) this.#flush()
    if (this.#keep)
      this.lines.push(`${this.#moment()}  ${who.padEnd(12)} ${this.readable(words())}`)
  }

  /** Notes something for the hash alone, which readers need not see. */
  trace(exact: string): void {
    this.#batch += `${this.#timeline.now} ${exact}\n`
    if (this.#batch.length > BATCH_CHARS) this.#flush()
  }

  /** The text with short names in the place of cids and keys. */
  readable(text: string): string {
    return text.replace(ID, (id) => this.#names.get(id) ?? `${id.slice(-64, -58)}…`)
  }

  /** The hash of everything noted. Call it once, at the end. */
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
