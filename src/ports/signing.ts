import type { Contribution } from '../core/contribution/contribution.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { Attested, DsseEnvelope } from '../core/identity/statement.ts'
import type { Provenance } from './contribution-store.ts'

/** What comes to the store. */
export interface Incoming {
  readonly contribution: Contribution
  readonly provenance: Provenance
}

/** Who has signed what others sent, and this grove's own word on that. */
export interface Signing {
  /**
   * Of the origins that came with a contribution, those that hold. Who sent others is at fault.
   * Throws `shutting-down`.
   */
  verified(incoming: Incoming): Promise<readonly Origin[]>
  /** The envelope by which this grove attests who published a contribution. */
  attest(attested: Attested): Promise<DsseEnvelope>
}
