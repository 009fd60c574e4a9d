import type { Cid } from '../core/cid.ts'
import type { SigningKey } from '../core/identity/ed25519.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { AdmissionMode } from '../core/peers/admission.ts'
import type { Counting, Judgement } from '../core/peers/counting.ts'
import type { Provenance } from './contribution-store.ts'

/** The origins of one contribution that are kept, in the order of `originsKept`. */
export type KeptOrigins = readonly [cid: Cid, origins: readonly Origin[]]

/** A stretch of the log. */
export interface UnsignedPage {
  /** What was published here and this grove has not signed. */
  readonly cids: readonly Cid[]
  /** The last number that was looked at; undefined if the log has ended before. */
  readonly to: number | undefined
}

/** Whose word counts from now on. */
export interface NewCounting extends Pick<Counting, 'standings' | 'aliases'> {
  /** Default: as before; in a new store `open`. */
  readonly admission?: AdmissionMode | undefined
}

/** What one step of a recount has come to. */
export interface RecountStep {
  /** Metrics in whose rankings works have come or gone. Any signal may have moved. */
  readonly metrics: readonly string[]
  /** Whether anything has moved. */
  readonly hasMoved: boolean
  readonly isDone: boolean
}

/** What one step of a recount may look at, and what it may move: relations and places. */
export const RECOUNT_LOOKED_MAX = 2_000
export const RECOUNT_MOVED_MAX = 512

/**
 * Who has signed contributions, and whose word counts: what follows from that for signals and
 * rankings (`core/peers/counting.ts`) is up to date for what is stored, and for origins that are
 * added, in the same transaction. Only origins that hold are given to it. Of one contribution it
 * keeps one a key, the first that came, and ORIGINS_MAX at most; those of own and listed keys
 * always. An own key is one that has signed something that was published here.
 *
 * Contract: a change is durable when it resolves. Throws as `ContributionStore` does.
 */
export interface OriginStore {
  /** Of those of `cids` that have origins, in their order. */
  of(cids: readonly Cid[]): Promise<KeptOrigins[]>
  /**
   * Adds origins of a contribution that is held: this grove's own (`local`), or others'. False
   * where nothing has changed.
   */
  add(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): Promise<boolean>
  /**
   * From now on what is put as `local` gets an origin of this key, in the same transaction: what
   * shares a commit shares a signature.
   */
  signWith(key: SigningKey): void
  /**
   * Adds origins of that key, of this moment (Unix ms) and under one signature, to those of at most
   * ORIGIN_BATCH_MAX contributions that are held. Nothing where there is no key.
   */
  sign(cids: readonly Cid[], at: number): Promise<void>
  /**
   * Which of the next entries of the log after number `after` were published by somebody on this
   * machine (`Provenance.own`), and have an origin of no own key. At most `limit` entries are
   * looked at, and no more once those have SINCE_MAX_BYTES of manifests.
   */
  unsigned(after: number, limit: number): Promise<UnsignedPage>
  /**
   * Says whose word counts from now on. Whether something that was stored before is still to be
   * judged by that, also where an earlier recount was not ended.
   */
  judge(counting: NewCounting): Promise<boolean>
  /**
   * Judges the next of it: one transaction, which also notes how far it has come. Reads in between
   * see a mix.
   */
  recount(): Promise<RecountStep>
  /** How these are counted now, in their order; what isn't held counts. */
  judgements(cids: readonly Cid[]): Promise<Judgement[]>
}
