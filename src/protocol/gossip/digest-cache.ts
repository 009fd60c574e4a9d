import { BoundedMap } from '../../concurrency/bounded.ts'
import { hashBytes } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import type { DigestEntry, DigestNote, GossipMessage } from '../../core/wire/gossip.ts'
import { byDimension, digestOf } from './digest.ts'
import type { LocalFrontier } from './local-frontier.ts'
import { shortId } from './pending-requests.ts'

/** Hex digits of a fingerprint: enough that nobody finds another digest for one by trying. */
const FINGERPRINT_DIGITS = 16
/** Digests of peers that are remembered, and peers whose last note is. */
const DIGESTS_MAX = 256
const PEERS_MAX = 256
/**
 * Rounds in which strangers are sent a changed digest in full, and by fingerprint after that. Until
 * then they are unlikely to know it, and asking for it would cost them a round trip.
 */
const SETTLED_ROUNDS = 5
/** Bytes that a note may take in a message, with all its ids. */
export const NOTE_MAX_BYTES = 2_560

const encoder = new TextEncoder()

/** The part of a message that is about items: entries, and the note on digests. */
export interface Payload {
  readonly frontier: DigestEntry[]
  readonly digest?: DigestNote
}

/** The fingerprints in a peer's last note: of its own digest, and of ours. */
interface KnownFingerprints {
  readonly fingerprint: string
  readonly seen: string | undefined
}

/** This grove's digest. */
interface OwnDigest {
  readonly entries: DigestEntry[]
  readonly fingerprint: string
}

export interface DigestCacheOptions {
  /** The gossip interval. */
  readonly intervalMs: number
  /** UTF-8 bytes that the entries of a message may take. */
  readonly entryBytes: number
}

/**
 * The digest of this grove, and those of peers by fingerprint. A digest that the other side knows
 * goes by its fingerprint, so that a message without news is small. It is a hash of the whole
 * digest, so it stands for the same entries whoever sends it. Grove 0.1 is sent no notes.
 */
export class DigestCache {
  readonly #local: LocalFrontier
  readonly #settledMs: number
  readonly #entryBytes: number
  /** Counts rounds. With more dimensions than entries, each round starts at other dimensions. */
  #turn = 0
  #lastOwn: OwnDigest = { entries: [], fingerprint: fingerprintOf([]) }
  #changedAt = 0
  /** When the local frontier changed (Unix ms), if the digest is still to be made of it. */
  #staleSince: number | undefined
  /** Whether the last sender has the same digest: then a stranger is likely to have it too. */
  #common = false
  /** Whole digests of others by fingerprint. */
  readonly #digests = new BoundedMap<string, DigestEntry[]>(DIGESTS_MAX)
  /** By peer id; null for a peer that sends no notes. */
  readonly #lastHeard = new BoundedMap<string, KnownFingerprints | null>(PEERS_MAX)
  /** Peers that were sent a fingerprint or ids in place of entries and have yet to answer. */
  readonly #abbreviated = new Map<string, 'fingerprint' | 'ids'>()

  constructor(local: LocalFrontier, { intervalMs, entryBytes }: DigestCacheOptions) {
    this.#local = local
    this.#settledMs = SETTLED_ROUNDS * intervalMs
    this.#entryBytes = entryBytes
  }

  /** Forgets which answers are awaited, and moves on to the next dimensions. */
  beginRound(now: number): void {
    this.#turn += 1
    this.#abbreviated.clear()
    if (this.#local.metricCount > DIGEST_MAX_ENTRIES) this.refresh(now)
  }

  /**
   * The local frontier has changed. The digest is made when a message needs it, so that a burst of
   * changes costs one.
   */
  refresh(now: number): void {
    this.#staleSince = now
  }

  /**
   * As many of these as a message has room for. If they are too many, items take turns: one that
   * enters a hundred metrics leaves room for an entry of each other.
   */
  entriesFor(entries: readonly LocalEntry[]): DigestEntry[] {
    const dimensions = [...byDimension(entries).values()]
    if (entries.length <= DIGEST_MAX_ENTRIES) return this.#digestFrom(dimensions)
    return this.#digestFrom([...Map.groupBy(dimensions.flat(), ({ cid }) => cid).values()])
  }

  /** What the periodic exchange sends this peer: the digest, or only its fingerprint. */
  requestPayload(peerId: string, now: number): Payload {
    const last = this.#lastHeard.get(peerId)
    const { entries } = this.#own
    const isSettled = now - this.#changedAt >= this.#settledMs
    const isLikelyKnown = last === undefined && this.#common && isSettled
    if (isLikelyKnown || this.#knowsOurs(last)) return this.probePayload(peerId)
    return { frontier: entries, digest: this.#noteOf(last?.fingerprint) }
  }

  /** The fingerprint of the digest alone. The rest follows if the answer shows a need. */
  probePayload(peerId: string): Payload {
    if (this.#own.entries.length > 0) this.#abbreviated.set(peerId, 'fingerprint')
    return { frontier: [], digest: this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint) }
  }

  /**
   * The answer to an exchange: without entries where the sender knows them, without a note for 0.1.
   */
  replyPayload({ digest }: GossipMessage): Payload {
    if (digest === undefined) return { frontier: this.#own.entries }
    return {
      frontier: this.#knowsOurs(digest) ? [] : this.#own.entries,
      digest: this.#noteOf(digest.fingerprint),
    }
  }

  /** An announcement: entries, and short ids of relayed items, which the peer may know already. */
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

  /** The answer to an announcement, or a request of its own: short ids of the items requested. */
  wantPayload(peerId: string, iwant: string[]): Payload {
    const note = this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint)
    return { frontier: [], digest: { ...note, ...(iwant.length > 0 && { iwant }) } }
  }

  /** Whether this peer reads notes. A stranger is taken to. */
  readsNotes(peerId: string): boolean {
    return this.#lastHeard.get(peerId) !== null
  }

  /** The entries that a message stands for. */
  entriesOf({ peerId, digest, frontier }: GossipMessage): DigestEntry[] {
    this.#note(peerId, digest)
    if (digest === undefined) return frontier
    this.#common = digest.fingerprint === this.#own.fingerprint
    if (digest.ihave !== undefined) return frontier
    const known = this.#digestOf(digest.fingerprint)
    const whole = known ?? (fingerprintOf(frontier) === digest.fingerprint ? frontier : undefined)
    if (whole !== undefined && whole !== this.#own.entries)
      this.#remember(digest.fingerprint, whole)
    return frontier.length === 0 ? (whole ?? []) : frontier
  }

  /**
   * Whether a peer's answer shows that it was sent too little: it doesn't know the fingerprint, or
   * doesn't read notes.
   */
  needsWhole({ digest }: GossipMessage, dialledId: string): boolean {
    const sent = this.#abbreviated.get(dialledId)
    this.#abbreviated.delete(dialledId)
    return (
      sent !== undefined &&
      (digest === undefined || (sent === 'fingerprint' && digest.seen !== this.#own.fingerprint))
    )
  }

  /** The whole digest of this grove, whatever the peer knows. */
  wholePayload(peerId: string): Payload {
    return {
      frontier: this.#own.entries,
      digest: this.#noteOf(this.#lastHeard.get(peerId)?.fingerprint),
    }
  }

  /**
   * Throws InvariantError where this grove's digest, or what is remembered of others', is out of
   * bounds.
   */
  checkInvariants(): void {
    const { entries, fingerprint } = this.#lastOwn
    const bytes = Buffer.byteLength(JSON.stringify(entries))
    mustHold(entries.length <= DIGEST_MAX_ENTRIES, 'a digest has at most 100 entries')
    mustHold(bytes <= this.#entryBytes + 2, 'a digest fits into a message', { bytes })
    mustHold(fingerprintOf(entries) === fingerprint, 'the fingerprint is that of the digest')
    mustHold(this.#digests.size <= DIGESTS_MAX, 'digests of others are within bounds')
    mustHold(this.#lastHeard.size <= PEERS_MAX, 'peers remembered by their notes are within bounds')
  }

  /** This grove's digest, made anew if the local frontier has changed since. */
  get #own(): OwnDigest {
    if (this.#staleSince === undefined) return this.#lastOwn
    const entries = this.#digestFrom(this.#local.dimensions)
    const fingerprint = fingerprintOf(entries)
    if (fingerprint !== this.#lastOwn.fingerprint) {
      this.#lastOwn = { entries, fingerprint }
      this.#changedAt = this.#staleSince
    }
    this.#staleSince = undefined
    return this.#lastOwn
  }

  #digestFrom(dimensions: readonly (readonly LocalEntry[])[]): DigestEntry[] {
    return digestOf(dimensions, { maxBytes: this.#entryBytes, turn: this.#turn })
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
  }

  #noteOf(theirs: string | undefined): DigestNote {
    const knows = theirs !== undefined && this.#digestOf(theirs) !== undefined
    return { fingerprint: this.#own.fingerprint, ...(knows && { seen: theirs }) }
  }

  #knowsOurs(note: KnownFingerprints | DigestNote | null | undefined): boolean {
    if (note === undefined || note === null) return false
    return note.fingerprint === this.#own.fingerprint || note.seen === this.#own.fingerprint
  }

  #digestOf(fingerprint: string): DigestEntry[] | undefined {
    return fingerprint === this.#own.fingerprint
      ? this.#own.entries
      : this.#digests.get(fingerprint)
  }

  #remember(fingerprint: string, digest: DigestEntry[]): void {
    if (this.#digests.has(fingerprint)) return
    this.#digests.set(fingerprint, digest)
  }
}

/** The fingerprint of a digest: equal for equal entries in the same order. */
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
