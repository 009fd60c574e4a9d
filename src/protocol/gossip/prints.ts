import { forgetOldest } from '../../concurrency/bounded.ts'
import { hashBytes } from '../../core/cid.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { DigestEntry, DigestNote, GossipMessage } from '../../core/wire/wire.ts'
import type { LocalEntry } from '../messages.ts'
import { shortId } from './news.ts'

/** Hex digits of a print: enough that nobody finds another digest for one by trying. */
const PRINT_DIGITS = 16
/** Digests of others that are remembered by their prints, and peers of whom is known what they have seen. */
const DIGESTS_MAX = 256
const PEERS_MAX = 256
/** What is new goes whole for so many rounds: that is how long it takes to get about, and asking again would cost time. */
const SETTLED_ROUNDS = 5
/** Bytes that a note may take in a message, with all its ids. */
export const NOTE_MAX_BYTES = 2_560

const encoder = new TextEncoder()

/** What a message says of digests. */
export interface Telling {
  readonly frontier: DigestEntry[]
  readonly digest?: DigestNote
}

/** What a peer said last: of its own digest, and of ours. */
interface Said {
  readonly print: string
  readonly seen: string | undefined
}

/**
 * Digests go by name where the other side knows them: a print is a hash of the whole digest, so that what it stands for
 * is the same whoever says it, and a message in which nothing is new is small. Notes are for those who speak them.
 */
export class Prints {
  #own: DigestEntry[] = []
  #print = printOf([])
  #changedAt = 0
  /** Whether whoever spoke last has the same digest: then a stranger is likely to have it too. */
  #common = false
  readonly #settledMs: number
  /** Whole digests of others by print. */
  readonly #digests = new Map<string, DigestEntry[]>()
  /** By peer id; null for one that doesn't speak notes. */
  readonly #said = new Map<string, Said | null>()
  /** Peers that were sent a print or ids in place of entries and have yet to answer. */
  readonly #inBrief = new Map<string, 'print' | 'ids'>()

  constructor(intervalMs: number) {
    this.#settledMs = SETTLED_ROUNDS * intervalMs
  }

  /** Sets the digest of this grove. */
  setOwn(digest: DigestEntry[], now: number): void {
    const print = printOf(digest)
    if (print === this.#print) return
    this.#own = digest
    this.#print = print
    this.#changedAt = now
  }

  /** What the periodic exchange tells this peer: the digest, or only its print. */
  request(peerId: string, now: number): Telling {
    const said = this.#said.get(peerId)
    const likely = said === undefined && this.#common && now - this.#changedAt >= this.#settledMs
    const brief = this.#own.length > 0 && (likely || this.#knowsOwn(said))
    if (brief) this.#inBrief.set(peerId, 'print')
    return { frontier: brief ? [] : this.#own, digest: this.#noteOf(said?.print) }
  }

  /** The answer to an exchange: without the digest where the asker has it. In the terms of 0.1 for who speaks no notes. */
  reply({ digest }: GossipMessage): Telling {
    if (digest === undefined) return { frontier: this.#own }
    return { frontier: this.#knowsOwn(digest) ? [] : this.#own, digest: this.#noteOf(digest.print) }
  }

  /** An announcement: entries for what may be unknown there, short ids for what others may have told already. */
  announcement(peerId: string, frontier: DigestEntry[], relayed: readonly LocalEntry[]): Telling {
    const news = [...new Set(relayed.map(({ cid }) => shortId(cid)))].slice(0, DIGEST_MAX_ENTRIES)
    if (news.length > 0 && !this.#said.has(peerId)) this.#inBrief.set(peerId, 'ids')
    return { frontier, digest: { ...this.#noteOf(this.#said.get(peerId)?.print), news } }
  }

  /** The answer to an announcement, or what is asked again later: only what is wanted of it. */
  asking(peerId: string, wants: string[]): Telling {
    const note = this.#noteOf(this.#said.get(peerId)?.print)
    return { frontier: [], digest: { ...note, ...(wants.length > 0 && { wants }) } }
  }

  /** Whether this peer reads notes, as long as it has not shown that it doesn't. */
  readsNotes(peerId: string): boolean {
    return this.#said.get(peerId) !== null
  }

  /** The entries that a message stands for. */
  hear({ peerId, digest, frontier }: GossipMessage): DigestEntry[] {
    this.#note(peerId, digest)
    if (digest === undefined) return frontier
    this.#common = digest.print === this.#print
    if (digest.news !== undefined) return frontier
    const known = this.#digestOf(digest.print)
    const whole = known ?? (printOf(frontier) === digest.print ? frontier : undefined)
    if (whole !== undefined && whole !== this.#own) this.#remember(digest.print, whole)
    return frontier.length === 0 ? (whole ?? []) : frontier
  }

  /** Whether this peer was sent too little, as its answer shows: it doesn't know the print, or doesn't read notes. */
  missed({ digest }: GossipMessage, dialledId: string): boolean {
    const sent = this.#inBrief.get(dialledId)
    this.#inBrief.delete(dialledId)
    return sent !== undefined && (digest === undefined || (sent === 'print' && digest.seen !== this.#print))
  }

  /** Forgets whose answers are awaited: a new round has begun. */
  beginRound(): void {
    this.#inBrief.clear()
  }

  /** The digest of this grove, whatever the peer knows. */
  whole(peerId: string): Telling {
    return { frontier: this.#own, digest: this.#noteOf(this.#said.get(peerId)?.print) }
  }

  #note(peerId: string, digest: DigestNote | undefined): void {
    const known = this.#said.get(peerId)
    if (known !== undefined && known?.print === digest?.print && known?.seen === digest?.seen) return
    this.#said.set(peerId, digest === undefined ? null : { print: digest.print, seen: digest.seen })
    forgetOldest(this.#said, PEERS_MAX)
  }

  #noteOf(theirs: string | undefined): DigestNote {
    const knows = theirs !== undefined && this.#digestOf(theirs) !== undefined
    return { print: this.#print, ...(knows && { seen: theirs }) }
  }

  #knowsOwn(said: Pick<DigestNote, 'print' | 'seen'> | null | undefined): boolean {
    return said !== undefined && said !== null && (said.print === this.#print || said.seen === this.#print)
  }

  #digestOf(print: string): DigestEntry[] | undefined {
    return print === this.#print ? this.#own : this.#digests.get(print)
  }

  #remember(print: string, digest: DigestEntry[]): void {
    if (this.#digests.has(print)) return
    this.#digests.set(print, digest)
    forgetOldest(this.#digests, DIGESTS_MAX)
  }
}

/** The print of a digest: the same for the same entries in the same order. */
export function printOf(digest: readonly DigestEntry[]): string {
  const rows = digest.map(({ metric, value, cid, direction, tags }) => [metric, value, cid, direction, tags])
  const hash = hashBytes(encoder.encode(JSON.stringify(rows)))
  return hash.slice(-PRINT_DIGITS)
}
