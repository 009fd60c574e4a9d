import type { Rng } from '../engine/rng.ts'
import type { adversaryKinds, Scenario } from '../scenario/scenario.ts'
import type { Adversary, AdversaryContext } from './adversary.ts'
import { Bomber } from './bomber.ts'
import { Braggart } from './braggart.ts'
import { Corrupter } from './corrupter.ts'
import { Equivocator } from './equivocator.ts'
import { Crowder } from './floods/crowder.ts'
import { Fabricator } from './floods/fabricator.ts'
import { Flooder } from './floods/flooder.ts'
import { Idler } from './floods/idler.ts'
import { KeyBomber } from './floods/key-bomber.ts'
import { MetricFlooder } from './floods/metric-flooder.ts'
import { Minter } from './floods/minter.ts'
import { Trickler } from './floods/trickler.ts'
import { Forger } from './forger.ts'
import { FalseLeaf } from './identity/false-leaf.ts'
import { Interceptor } from './identity/interceptor.ts'
import { InviteThief } from './identity/invite-thief.ts'
import { KeyMinter } from './identity/key-minter.ts'
import { KeyThief } from './identity/key-thief.ts'
import { OriginForger } from './identity/origin-forger.ts'
import { RecordForger } from './identity/record-forger.ts'
import { Relay } from './identity/relay.ts'
import { Stranger } from './identity/stranger.ts'
import { Impostor } from './impostor.ts'
import { Mute } from './mute.ts'
import { Replayer } from './replayer.ts'
import { Usurper } from './usurper.ts'

type Kind = (typeof adversaryKinds)[number]

const kinds: Readonly<Record<Kind, typeof Adversary>> = {
  bomber: Bomber,
  braggart: Braggart,
  corrupter: Corrupter,
  crowder: Crowder,
  equivocator: Equivocator,
  fabricator: Fabricator,
  'false-leaf': FalseLeaf,
  flooder: Flooder,
  forger: Forger,
  idler: Idler,
  impostor: Impostor,
  interceptor: Interceptor,
  'invite-thief': InviteThief,
  'key-bomber': KeyBomber,
  'key-minter': KeyMinter,
  'key-thief': KeyThief,
  'metric-flooder': MetricFlooder,
  minter: Minter,
  mute: Mute,
  'origin-forger': OriginForger,
  'record-forger': RecordForger,
  relay: Relay,
  replayer: Replayer,
  stranger: Stranger,
  trickler: Trickler,
  usurper: Usurper,
}

/** Those that no operator has listed. */
const UNLISTED: ReadonlySet<string> = new Set([
  'stranger',
  'interceptor',
  'invite-thief',
  'key-thief',
])

/** The names of a scenario's adversaries that groves list where they admit members. */
export function adversaryNames(adversaries: Scenario['adversaries']): string[] {
  return Object.entries(adversaries)
    .filter(([kind]) => !UNLISTED.has(kind))
    .flatMap(([kind, count = 0]) => Array.from({ length: count }, (_, index) => `${kind}${index}`))
}

/** Starts a scenario's adversaries. They stay until the run ends. */
export function startAdversaries(
  adversaries: Scenario['adversaries'],
  rng: Rng,
  context: AdversaryContext,
): void {
  for (const [kind, count = 0] of Object.entries(adversaries) as [Kind, number | undefined][]) {
    for (let index = 0; index < count; index++) {
      const adversary = new kinds[kind](kind, index, rng.fork(`${kind} ${index}`), context)
      adversary.start()
    }
  }
}
