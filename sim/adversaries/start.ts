import type { Rng } from '../engine/rng.ts'
import type { adversaryKinds, Scenario } from '../scenario/scenario.ts'
import type { Adversary, AdversaryContext } from './adversary.ts'
import { Bomber } from './bomber.ts'
import { Braggart } from './braggart.ts'
import { Corrupter } from './corrupter.ts'
import { Equivocator } from './equivocator.ts'
import { Flooder } from './flooder.ts'
import { Forger } from './forger.ts'
import { Impostor } from './impostor.ts'
import { Mute } from './mute.ts'
import { Replayer } from './replayer.ts'

type Kind = (typeof adversaryKinds)[number]

const kinds: Readonly<Record<Kind, typeof Adversary>> = {
  bomber: Bomber,
  braggart: Braggart,
  corrupter: Corrupter,
  equivocator: Equivocator,
  flooder: Flooder,
  forger: Forger,
  impostor: Impostor,
  mute: Mute,
  replayer: Replayer,
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
