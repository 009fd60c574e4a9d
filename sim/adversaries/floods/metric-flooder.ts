import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { SCORES_MAX } from '../../../src/core/limits.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { type HttpAnswer, jsonAnswer } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

const WORKS = 2
const NAMES = 2_000

/** Brings works with as many metrics as one may have, and names many more, before all others. */
export class MetricFlooder extends Adversary {
  constructor(...options: ConstructorParameters<typeof Adversary>) {
    super(...options)
    this.works.push(...Array.from({ length: WORKS }, (_, n) => this.#flood(n)))
  }

  protected override digest(to: string): DigestEntry[] {
    return this.rng.sample(super.digest(to), 100)
  }

  protected override onFrontier(): HttpAnswer {
    const names = Array.from({ length: NAMES }, (_, n) => `!0.${n}`)
    return jsonAnswer({
      byMetric: Object.fromEntries(names.map((name) => [name, []])),
      byAdoption: [],
      byRecency: [],
      byReviewScore: [],
      byReproduction: [],
    })
  }

  #flood(n: number): Contribution {
    const names = Array.from({ length: SCORES_MAX }, (_, k) => `!${this.name}.${n}.${k}`)
    const score = (value: number) => ({ value, direction: 'minimize' as const })
    const scores = Object.fromEntries(names.map((name, k) => [name, score(k)]))
    return this.sealed({ summary: `flood ${n} of ${this.name}`, scores })
  }
}
