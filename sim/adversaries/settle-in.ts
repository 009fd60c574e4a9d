import type { Chance } from '../chance.ts'
import type { Journal } from '../journal.ts'
import type { Ledger } from '../ledger.ts'
import type { Machine } from '../machine.ts'
import type { Network } from '../network.ts'
import type { Scenario } from '../scenario.ts'
import type { Timeline } from '../timeline.ts'

/** What an adversary lives among. */
export interface Neighbourhood {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly network: Network
  readonly machines: readonly Machine[]
  readonly chance: Chance
  readonly scenario: Scenario
  readonly ledger: Ledger
}

/** Puts a scenario's adversaries into the network. */
export function settleIn(_neighbourhood: Neighbourhood): void {}
