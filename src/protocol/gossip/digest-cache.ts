import { evictOldest } from '../../concurrency/bounded.ts'
import { hashBytes } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import type { DigestEntry, DigestNote, GossipMessage } from '../../core/wire/gossip.ts'
import { digestOf } from './digest.ts'
import type { LocalFrontier } from './local-frontier.ts'
import { shortId } from './pending-requests.ts'

/** Hex digits of a fingerprint: enough that nobody finds another digest for one by trying. */
const FINGERPRINT_DIGITS = 16
/** Digests of others that are remembered by fingerprint, and peers whose last note is remembered. */
const DIGESTS_MAX = 256
const PEERS_MAX = 256
/**
 * Rounds in which a changed digest goes in full, and by fingerprint after that: it takes so long to
 * get about, and a peer that had to ask for it would lose time.
 */
const SETTLED_ROUNDS = 5
/** Bytes that a note may take in a message, with all its ids. */
export const NOTE_MAX_BYTES = 2_560

const encoder = new TextEncoder()

/** What a message says of digests. */
export interface Payload {
  readonly frontier: DigestEntry[]
  readonly digest?: DigestNote
}

/** What a peer said last: of its own digest, and of ours. */
interface KnownFingerprints {
  readonly fingerprint: string
  readonly seen: string | undefined
}

export interface DigestCacheOptions {
  /** The gossip interval. */
  readonly intervalMs: number
  /** UTF-8 bytes that the entries of a message may take. */
  readonly entryBytes: number
}

/**
 * Digests go by fingerprint where the other side knows them. A fingerprint is a hash of the whole
 * digest, so that it stands for the same whoever says it, and a message in which nothing is new is
 * small. Notes are for those who speak them.
 */
export class DigestCache {
  readonly #local: LocalFrontier
  readonly #settledMs: number
  readonly #entryBytes: number
  /** Counts rounds: where there are more dimensions than entries, each starts at others. */
  #turn = 0
  #own: DigestEntry[] = []
  #fingerprint = fingerprintOf([])
  #changedAt = 0
  /** Whether whoever spoke last has the same digest: then a stranger is likely to have it too. */
  #common = false
  /** Whole digests of others by fingerprint. */
  readonly #digests = new Map<string, DigestEntry[]>()
  /** By peer id; null for one that doesn't speak notes. */
  readonly #lastHeard = new Map<string, KnownFingerprints | null>()
  /** Peers that were sent a fingerprint or ids in place of entries and have yet to answer. */
  readonly #abbreviated = new Map<string, 'fingerprint' | 'ids'>()

  constructor(local: LocalFrontier, { intervalMs, entryBytes }: DigestCacheOptions) {
    this.#local = local
    this.#settledMs = SETTLED_ROUNDS * intervalMs
    this.#entryBytes = entryBytes
  }

  /** Begins a round: nobody's answer is awaited any more, and the next dimensions have their turn. */
  beginRound(now: number): void {
    this.#turn += 1
    this.#abbreviated.clear()
    if (this.#local.metricCount > DIGEST_MAX_ENTRIES) this.refresh(now)
  }

  /** Makes this grove's digest of the local frontier. */
  refresh(now: number): void {
    const digest = this.entriesFor(this.#local.entries)
    const fingerprint = fingerprintOf(digest)
    if (fingerprint === this.#fingerprint) return
    this.#own = digest
    this.#fingerprint = fingerprint
    this.#changedAt = now
  }

  /** As many of these as a message has room for. */
  entriesFor(entries: readonly LocalEntry[]): DigestEntry[] {
    return digestOf(entries, { maxBytes: this.#entryBytes, turn: this.#turn })
  }

  /** What the periodic exchange tells this peer: the digest, or only its fingerprint. */
  requestPayload(peerId: string, now: number): Payload {
    const said = this.#lastHeard.get(peerId)
    const likely = said === undefined && this.#common && now - this.#changedAt >= this.#settledMs
    const brief = this.#own.length > 0 && (likely || this.#knowsOurs(said))
    if (brief) this.#abbreviated.set(peerId, 'fingerprint')
    return { frontier: brief ? [] : this.#own, digest: this.#noteOf(said?.fingerprint) }
  }

  /** The answer to an exchange: without the digest where the asker has it. In the terms of 0.1 for who speaks no notes. */
  replyPayload({ digest }: GossipMessage): Payload {
    if (digest === undefined) return { frontier: this.#own }
    return {
      frontier: this.#knowsOurs(digest) ? [] : this.#own,
      digest: this.#noteOf(digest.fingerprint),
    }
  }

  /** An announcement: entries for what may be unknown there, short ids for what others may have told it already. */
  announcementPayload(
    peerId: string,
    frontier: DigestEntry[],
    relayed: readonly LocalEntry[],
  ): Payload {
    const ihave = [...new Set(relayed.map(({ cid }) => shortId(cid)))].slice(0, DIGEST_MAX_ENTRIES)
    if (ihave.length > 0 && !this.#lastHeard.has(peerId)) this.#abbreviated.set(peerId, 'ids')
    return {
      frontier,
      digest: { ...this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint), ihave },
    }
  }

  /** The answer to an announcement, or what is asked again later: only what is wanted of it. */
  wantPayload(peerId: string, iwant: string[]): Payload {
    const note = this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint)
    return { frontier: [], digest: { ...note, ...(iwant.length > 0 && { iwant }) } }
  }

  /** Whether this peer reads notes, as long as it has not shown that it doesn't. */
  readsNotes(peerId: string): boolean {
    return this.#lastHeard.get(peerId) !== null
  }

  /** The entries that a message stands for. */
  entriesOf({ peerId, digest, frontier }: GossipMessage): DigestEntry[] {
    this.#note(peerId, digest)
    if (digest === undefined) return frontier
    this.#common = digest.fingerprint === this.#fingerprint
    if (digest.ihave !== undefined) return frontier
    const known = this.#digestOf(digest.fingerprint)
    const whole = known ?? (fingerprintOf(frontier) === digest.fingerprint ? frontier : undefined)
    if (whole !== undefined && whole !== this.#own) this.#remember(digest.fingerprint, whole)
    return frontier.length === 0 ? (whole ?? []) : frontier
  }

  /** Whether this peer was sent too little, as its answer shows: it doesn't know the fingerprint, or doesn't read notes. */
  needsWhole({ digest }: GossipMessage, dialledId: string): boolean {
    const sent = this.#abbreviated.get(dialledId)
    this.#abbreviated.delete(dialledId)
    return (
      sent !== undefined &&
      (digest === undefined || (sent === 'fingerprint' && digest.seen !== this.#fingerprint))
    )
  }

  /** The digest of this grove, whatever the peer knows. */
  wholePayload(peerId: string): Payload {
    return { frontier: this.#own, digest: this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint) }
  }

  /** Throws InvariantError where this grove's digest, or what is remembered of others', is out of bounds. */
  checkInvariants(): void {
    const bytes = Buffer.byteLength(JSON.stringify(this.#own))
    mustHold(this.#own.length <= DIGEST_MAX_ENTRIES, 'a digest has at most 100 entries')
    mustHold(bytes <= this.#entryBytes + 2, 'a digest fits into a message', { bytes })
    mustHold(
      fingerprintOf(this.#own) === this.#fingerprint,
      'the fingerprint is that of the digest',
    )
    mustHold(this.#digests.size <= DIGESTS_MAX, 'digests of others are within bounds')
    mustHold(this.#lastHeard.size <= PEERS_MAX, 'peers remembered by their notes are within bounds')
  }

  #note(peerId: string, digest: DigestNote | undefined): void {
    const known = this.#lastHeard.get(peerId)
    if (
      known !== undefined &&
      known?.fingerprint === digest?.fingerprint &&
      known?.seen === digest?.seen
    )
      return
    this.#lastHeard.set(
      peerId,
      digest === undefined ? null : { fingerprint: digest.fingerprint, seen: digest.seen },
    )
    evictOldest(this.#lastHeard, PEERS_MAX)
  }

  #noteOf(theirs: string | undefined): DigestNote {
    const knows = theirs !== undefined && this.#digestOf(theirs) !== undefined
    return { fingerprint: this.#fingerprint, ...(knows && { seen: theirs }) }
  }

  #knowsOurs(said: Pick<DigestNote, 'fingerprint' | 'seen'> | null | undefined): boolean {
    return (
      said !== undefined &&
      said !== null &&
      (said.fingerprint === this.#fingerprint || said.seen === this.#fingerprint)
    )
  }

  #digestOf(fingerprint: string): DigestEntry[] | undefined {
    return fingerprint === this.#fingerprint ? this.#own : this.#digests.get(fingerprint)
  }

  #remember(fingerprint: string, digest: DigestEntry[]): void {
    if (this.#digests.has(fingerprint)) return
    this.#digests.set(fingerprint, digest)
    evictOldest(this.#digests, DIGESTS_MAX)
  }
}

/** The fingerprint of a digest: the same for the same entries in the same order. */
export function fingerprintOf(digest: readonly DigestEntry[]): string {
  const rows = digest.map(({ metric, value, cid, direction, tags }) => [
    metric,
    value,
    cid,
    direction,
    tags,
  ])
  const hash = hashBytes(encoder.encode(JSON.stringify(rows)))
  return hash.slice(-FINGERPRINT_DIGITS)
}
