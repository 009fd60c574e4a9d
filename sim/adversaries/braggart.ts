import type { Cid } from '../../src/core/cid.ts'
import type { DigestEntry } from '../../src/core/wire/gossip.ts'
import { absentAnswer, type HttpAnswer } from '../network/http.ts'
import { Adversary } from './adversary.ts'

const INVENTED = 20

/** Advertises items that no grove holds, and items that others hold but it does not. */
export class Braggart extends Adversary {
  readonly #invented: DigestEntry[] = Array.from({ length: INVENTED }, (_, n) => ({
    cid: this.rng.cid() as Cid,
    metric: `m${n % 2}`,
    value: n % 2 === 0 ? -n : 100 + n,
    direction: n % 2 === 0 ? 'minimize' : 'maximize',
  }))

  protected override digest(): DigestEntry[] {
    return [...this.#invented, ...this.truths()]
  }

  protected override onManifest(): HttpAnswer {
    return absentAnswer()
  }

  protected override async onBlob(): Promise<HttpAnswer> {
    return absentAnswer()
  }
}
