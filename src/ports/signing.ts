import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { Attested, DsseEnvelope } from '../core/identity/statement.ts'
import type { Provenance } from './contribution-store.ts'

/** What comes to the store. */
export interface Incoming {
  readonly contribution: Contribution
  readonly provenance: Provenance
}

/** Who has signed what comes to the store. */
export interface Signing {
  /**
   * What `store` gives, which gets this grove's origin of what is published here. Callers take
   * turns.
   */
  signed<T>(cid: Cid, store: (origin: Origin) => Promise<T>, caller?: string): Promise<T>
  /**
   * Of the origins that came with a contribution, those that hold. Who sent others is at fault.
   * Throws `shutting-down`.
   */
  verified(incoming: Incoming): Promise<readonly Origin[]>
  /** The envelope by which this grove attests who published a contribution. */
  attest(attested: Attested): Promise<DsseEnvelope>
}
