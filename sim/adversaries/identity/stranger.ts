import { accessTable } from '../../../src/api/admission/access.ts'
import type { Operation } from '../../../src/api/operations/operation.ts'
import { allOperations } from '../../../src/api/operations/table.ts'
import { hexDigits } from '../../../src/core/random.ts'
import { SIGNATURE_INPUT, signRequest } from '../../../src/signing/http-signature.ts'
import type { Machine } from '../../machine/machine.ts'
import { Adversary } from '../adversary.ts'

const BURST = 3
/** The most bytes with which somebody is refused. */
const REFUSAL_MAX_BYTES = 4_096

type Headers = Readonly<Record<string, string>>

/** Somebody whom no grove has admitted. It calls whatever a grove has, and nobody may let it in. */
export class Stranger extends Adversary {
  constructor(...options: ConstructorParameters<typeof Adversary>) {
    super(...options)
    const { addresses, cids } = this.context.ledger.unwanted
    addresses.add(this.address)
    for (const { cid } of this.works) cids.add(cid)
  }

  protected override act(): void {
    for (let n = 0; n < BURST; n++) {
      const target = this.randomMachine()
      const operation = this.rng.pick(allOperations.filter((each) => this.#isClosed(each)))
      if (target !== undefined && operation !== undefined) void this.#try(target, operation)
    }
  }

  /** Where everybody may gossip, only the rest is closed to it. */
  #isClosed({ access }: Operation): boolean {
    const { scope, forGroves } = accessTable[access]
    return scope !== undefined && !(forGroves && this.context.mode === 'open')
  }

  async #try(to: Machine, { name, http, access }: Operation): Promise<void> {
    const path = http.path.replace(/:\w+(\{[^}]*\})?/g, () => this.#something())
    const method = http.method === 'GET' ? 'GET' : 'POST'
    const body = method === 'GET' ? {} : { body: this.#content(name) }
    const type = method === 'GET' ? {} : { 'content-type': 'application/json' }
    const headers = { ...type, ...(await this.#credentials(to, { method, path, ...body })) }
    const answer = await this.call(to, { method, path, headers, ...body }).catch(() => undefined)
    if (answer === undefined) return
    answer.body.destroy()
    const bytes = Number(answer.headers['content-length'])
    if (answer.statusCode < 400)
      this.context.violated(`${to.name} lets ${this.name} in to ${name} (${access})`)
    if (!(bytes <= REFUSAL_MAX_BYTES))
      this.context.violated(`${to.name} refuses ${this.name} with ${bytes} bytes`)
  }

  /** None, a guess, a key that nobody knows, or another's key with a signature of its own. */
  async #credentials(
    to: Machine,
    call: { readonly method: string; readonly path: string; readonly body?: string },
  ): Promise<Headers> {
    const key = this.context.keys.of(this.name)
    const signed = () =>
      signRequest(
        key,
        {
          ...{ method: call.method, target: `${to.address}${call.path}`, body: call.body },
          to: to.key?.peerId,
        },
        { created: Math.floor(to.clock.now() / 1_000), nonce: hexDigits(this.rng, 32) },
      )
    switch (this.rng.below(4)) {
      case 0:
        return {}
      case 1:
        return { authorization: `Bearer grove_${hexDigits(this.rng, 12)}_${this.rng.cid()}` }
      case 2:
        // Whoever signs is admitted in `signed`: there it has to leave that.
        return this.context.mode === 'signed' ? {} : signed()
      default:
        return this.#inOthersName(await signed())
    }
  }

  #inOthersName(headers: Headers): Headers {
    const input = headers[SIGNATURE_INPUT] ?? ''
    const other = this.randomMachine()?.key?.peerId ?? ''
    return { ...headers, [SIGNATURE_INPUT]: input.replace(/ed25519:[0-9a-f]{64}/, other) }
  }

  #something(): string {
    return this.rng.pick([...this.context.ledger.published.keys()]) ?? this.rng.cid()
  }

  #content(name: string): string {
    const [work] = this.works
    if (name === 'gossipExchange') return JSON.stringify(this.message(''))
    if (name === 'gossipShuffle')
      return JSON.stringify({ sender: this.info(), offered: this.offered() })
    const draft = { kind: 'work', summary: `by ${this.name}, 0`, agent: { agentId: this.name } }
    return JSON.stringify({ ...draft, cid: work?.cid, cids: [work?.cid], address: this.address })
  }
}
