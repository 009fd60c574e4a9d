import type { SigningKey } from '../../src/core/identity/ed25519.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { NodeConfig } from '../../src/node/config.ts'
import type { CallWatch } from '../checkers/calls.ts'
import type { ClockWatch } from '../checkers/clocks.ts'
import type { Journal } from '../engine/journal.ts'
import type { Keys } from '../engine/keys.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Network } from '../network/network.ts'
import type { DiskConditions } from '../scenario/conditions.ts'
import type { Machine } from './machine.ts'

/** What all machines of a run share. */
interface RunContext {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly network: Network
  readonly calls: CallWatch
  readonly clocks: ClockWatch
  /** Reports a violation: something that must never happen. */
  readonly violated: (what: string) => void
  /** All honest groves. */
  readonly honest: readonly PeerAddress[]
  /** Called when the grove on the machine has ended, with everything that it had under way. */
  readonly stopped: () => void
}

/** A machine of a run. */
export interface MachineOptions extends RunContext {
  readonly name: string
  readonly peer: PeerAddress
  /** Its key, which its id names. Undefined: it has none. */
  readonly key: SigningKey | undefined
  readonly keys: Keys
  /** Whether nobody can dial it: no call reaches its address. */
  readonly isLeaf?: boolean
  /** Whether its grove finds out who can dial it, and holds lines to hubs where nobody can. */
  readonly findsOut?: boolean
  /** Whether another machine has its key. */
  readonly sharesKey?: boolean
  /** The machine whose disk it has a copy of when its grove starts for the first time. */
  readonly copyOf?: Machine | undefined
  readonly rng: Rng
  readonly config: Omit<NodeConfig, 'self'>
  readonly disk: DiskConditions
  readonly clock: { readonly offsetMs: number; readonly drift: number }
}
