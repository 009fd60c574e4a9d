import type { HttpAnswer, HttpRequest } from '../network/http.ts'
import { Adversary } from './adversary.ts'

const RECORDS_MAX = 50

/** Records what others send, and sends it again in their names, later and to anyone. */
export class Replayer extends Adversary {
  readonly #records: { readonly what: 'exchange' | 'shuffle'; readonly body: string }[] = []

  protected override async answer(request: HttpRequest): Promise<HttpAnswer> {
    const what = request.path === '/api/gossip/exchange' ? 'exchange' : 'shuffle'
    if (request.method === 'POST' && this.#records.length < RECORDS_MAX)
      this.#records.push({ what, body: request.body })
    return super.answer(request)
  }

  protected override act(): void {
    super.act()
    const record = this.rng.pick(this.#records)
    const target = this.randomMachine()
    if (record !== undefined && target !== undefined) this.send(target, record.what, record.body)
  }
}
