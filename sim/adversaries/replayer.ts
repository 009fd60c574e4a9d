import type { HttpAnswer, HttpRequest } from '../network/http.ts'
import { Adversary } from './adversary.ts'

const RECORDS_MAX = 50

/** Keeps what others say and says it again, much later and to others, in their names. */
export class Replayer extends Adversary {
  readonly #records: { readonly what: 'exchange' | 'shuffle'; readonly body: string }[] = []

  override async handle(request: HttpRequest): Promise<HttpAnswer> {
    const what = request.path === '/api/gossip/exchange' ? 'exchange' : 'shuffle'
    if (request.method === 'POST' && this.#records.length < RECORDS_MAX)
      this.#records.push({ what, body: request.body })
    return super.handle(request)
  }

  protected override act(): void {
    super.act()
    const record = this.chance.pick(this.#records)
    const target = this.someone()
    if (record !== undefined && target !== undefined) this.send(target, record.what, record.body)
  }
}
