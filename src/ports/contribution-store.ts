import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { Age } from '../core/ranking/cursor.ts'
import type { PendingBlob } from './blob-store.ts'

/** Where a contribution came from, and when this grove first saw it. */
export interface Provenance {
  readonly origin: 'local' | 'peer'
  readonly peerId?: string
  readonly address?: string
  /** The host of that address (`core/peers/hosts.ts`), where hosts were told apart. */
  readonly host?: string
  /**
   * Published by somebody on this machine: in the grove's process, or through the socket of its
   * directory. Absent for what came over the network, also for what was published over it.
   */
  readonly own?: true
  /** Unix ms. */
  readonly receivedAt: number
}

export interface StoreOptions {
  /** Small blobs that it names, to be stored in the same transaction. */
  readonly pending?: readonly PendingBlob[]
  /** Who waits for it: callers take turns. Default: this grove itself. */
  readonly caller?: string
  /** Who has signed it. */
  readonly origins?: readonly Origin[]
}

/** A contribution that is held. */
export interface Stored extends Contribution {
  readonly provenance: Provenance
}

/** What a list has of a contribution: its place and its weight, without its manifest. */
export interface ListEntry extends Age {
  /** Size of the manifest. */
  readonly sizeBytes: number
}

/** A contribution, and its number in the log. */
export interface LogEntry {
  readonly seq: number
  readonly stored: Stored
}

/** Bytes of manifests with which one read of the log ends: a few milliseconds of work. */
export const SINCE_MAX_BYTES = 256 * 1024

/** An entry of the log without its contribution. */
export interface LogLine {
  readonly seq: number
  readonly cid: Cid
  readonly origin: Provenance['origin']
}

/**
 * A grow-only set of contributions, and the log of how it grew.
 *
 * Contract: when `put` resolves, the contribution is durable (it survives a kill at that moment)
 * and visible, together with everything that the index derives from it. Either all of this happens
 * or nothing. Puts that are under way at once may share one commit. Throws `storage-full`,
 * `storage-failed`, and `busy` where too much waits that one caller wants stored.
 *
 * The log numbers contributions in the order in which they become visible, from 1 on. A number is
 * never used twice, not even after its contribution is deleted or the grove restarts, and numbers
 * may be left out. A reader that always asks for what follows its last number gets every
 * contribution once. `put` doesn't return the number, since a store may give it later.
 */
export interface ContributionStore {
  /**
   * Stores a contribution and removes its stub. If it is held already, nothing changes, and the
   * first provenance stays. Pending blobs and origins are stored in the same transaction, also
   * then; origins as `OriginStore.add` does, from where the provenance says. Other attestations are
   * not stored.
   */
  put(
    contribution: Contribution,
    provenance: Provenance,
    options?: StoreOptions,
  ): Promise<'added' | 'present'>
  get(cid: Cid): Promise<Stored | undefined>
  /** Those that are held, in the order of `cids`. */
  getMany(cids: readonly Cid[]): Promise<Stored[]>
  /** The canonical bytes of a manifest that is held, verified, but not parsed. */
  bytes(cid: Cid): Promise<Uint8Array | undefined>
  /** Those of `cids` that are held, in their order, without their manifests. */
  listed(cids: readonly Cid[]): Promise<ListEntry[]>
  /** Those of `cids` that are not held, in their order. */
  missing(cids: readonly Cid[]): Promise<Cid[]>
  /** Held cids that begin with these hex digits, ascending, at most `limit`. */
  resolve(digits: string, limit: number): Promise<Cid[]>
  /** The same of cids that are only known: by a relation of what is held, or as a stub. */
  resolveKnown(digits: string, limit: number): Promise<Cid[]>
  count(): Promise<number>
  /**
   * The log's entries after number `seq`, ascending: at most `limit`, at least one if there are
   * any, but no more once those have `SINCE_MAX_BYTES` of manifests. O(limit).
   */
  since(seq: number, limit: number): Promise<LogEntry[]>
  /** The entries before number `seq`, newest first, at most `limit`, no manifest read. O(limit). */
  linesBefore(seq: number, limit: number): Promise<LogLine[]>
  /** The last number that was given; 0 if there is none. */
  lastSeq(): Promise<number>
  /**
   * The position after entry `seq`, as `<16 hex digits>:<seq>`. It outlives a restart. It is not
   * found in another log, nor after a backup without that entry was put back.
   */
  position(seq: number): string
  /** The number in a position; undefined if this log doesn't have that position. */
  seqAt(position: string): number | undefined
}
