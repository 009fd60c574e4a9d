import type { Cid } from '../../src/core/cid.ts'
import type { Effect, Input } from '../../src/protocol/messages.ts'

/** The receiver of a message, as far as it counts: by what it knows. */
interface Knower {
  readonly known: ReadonlySet<Cid>
  readonly fetching: ReadonlySet<Cid>
}

/** What went over the network. Bytes are those of JSON bodies in UTF-8, without HTTP headers. */
export class Tally {
  exchanges = 0
  shuffles = 0
  samples = 0
  requestBytes = 0
  answerBytes = 0
  shuffleBytes = 0
  sampleBytes = 0
  /**
   * Of announcements: entries received, those of them that were known, and short ids.
   */
  entries = 0
  duplicates = 0
  ids = 0
  announcements = 0
  announcementBytes = 0
  readonly #countsBytes: boolean

  constructor(countsBytes: boolean) {
    this.#countsBytes = countsBytes
  }

  reset(): void {
    Object.assign(this, {
      exchanges: 0,
      shuffles: 0,
      samples: 0,
      requestBytes: 0,
      answerBytes: 0,
      shuffleBytes: 0,
      sampleBytes: 0,
      entries: 0,
      duplicates: 0,
    })
  }

  sent(input: Input): void {
    if (input.type === 'exchange-received') {
      this.exchanges += 1
      if (this.#countsBytes) this.requestBytes += bytesOf(input.message)
    } else if (input.type === 'shuffle-received') {
      this.shuffles += 1
      if (this.#countsBytes) this.shuffleBytes += bytesOf(input.request)
    } else if (input.type === 'sample-received') {
      this.samples += 1
      if (this.#countsBytes) this.sampleBytes += bytesOf(input.request)
    }
  }

  received(by: Knower, input: Input): void {
    if (input.type !== 'exchange-received' || input.message.digest?.ihave === undefined) return
    this.announcements += 1
    this.ids += input.message.digest.ihave.length
    for (const { cid } of input.message.frontier) {
      this.entries += 1
      if (by.known.has(cid) || by.fetching.has(cid)) this.duplicates += 1
    }
  }

  answered(input: Input, effect: Effect): void {
    if (!this.#countsBytes) return
    if (effect.type === 'reply-shuffle') this.shuffleBytes += bytesOf(effect.response)
    if (effect.type === 'reply-sample') this.sampleBytes += bytesOf({ peers: effect.peers })
    if (effect.type !== 'reply-exchange' || input.type !== 'exchange-received') return
    const bytes = bytesOf(effect.message)
    this.answerBytes += bytes
    if (input.message.digest?.ihave !== undefined)
      this.announcementBytes += bytes + bytesOf(input.message)
  }
}

const bytesOf = (body: object): number => Buffer.byteLength(JSON.stringify(body))
