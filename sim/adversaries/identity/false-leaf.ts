import type { Cid } from '../../../src/core/cid.ts'
import { leafAddress } from '../../../src/core/peers/leaf.ts'
import { hexDigits } from '../../../src/core/random.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { type LeafCall, leafCallSchema } from '../../../src/core/wire/leaf.ts'
import type { Machine } from '../../machine/machine.ts'
import type { HttpAnswer } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

const CALL_ID_DIGITS = 32
/** How often it opens a line where it has one. */
const OPENS_AGAIN = 0.3

/**
 * Holds lines to groves as one that nobody can dial, and offers what it never sends. Calls that
 * come it leaves unanswered, or answers late, in pieces, with other bytes, or twice; and it answers
 * calls that nobody has made.
 */
export class FalseLeaf extends Adversary {
  readonly #lines = new Set<Machine>()

  protected override act(): void {
    const target = this.randomMachine()
    if (target === undefined) return
    const self = { peerId: this.peerId, address: leafAddress(this.peerId) }
    this.send(target, 'exchange', this.messageAs(self, [...this.#invented(), ...this.truths()]))
    if (!this.#lines.has(target) || this.rng.happens(OPENS_AGAIN)) void this.#hold(target)
    void this.#say(target, hexDigits(this.rng, CALL_ID_DIGITS), this.#garbage())
  }

  #invented(): DigestEntry[] {
    return Array.from({ length: 20 }, (_, n) => {
      return { cid: this.rng.cid() as Cid, metric: 'm0', value: -n, direction: 'minimize' }
    })
  }

  async #hold(hub: Machine): Promise<void> {
    this.#lines.add(hub)
    try {
      const { body } = await this.request(hub, '/api/federation/leaf', {})
      let text = ''
      for await (const chunk of body) {
        text += Buffer.from(chunk).toString()
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) if (line !== '') this.#called(hub, line)
      }
    } catch {
      // Refused, or the line is cut.
    } finally {
      this.#lines.delete(hub)
    }
  }

  #called(hub: Machine, line: string): void {
    const { data: call } = leafCallSchema.safeParse(readable(line))
    if (call === undefined) return
    const lateMs = this.rng.happens(0.2) ? this.rng.below(20_000) : 0
    this.context.timeline.after(lateMs, () => void this.#answerOne(hub, call))
  }

  async #answerOne(hub: Machine, call: LeafCall): Promise<void> {
    switch (this.rng.below(6)) {
      case 0:
        return
      case 1:
        return this.#say(hub, call.id, this.#garbage())
      case 2:
        // An answer without an end.
        return this.#say(hub, call.id, endless(Buffer.from('{"status":200,"headers":{}}\n')))
      case 3:
        await this.#say(hub, call.id, this.#garbage())
        return this.#say(hub, call.id, this.#garbage())
      default:
        return this.#say(hub, call.id, inPieces(await this.#answerTo(hub, call)))
    }
  }

  /** What a grove would answer, without the signature that it would make. */
  #answerTo(hub: Machine, { id: _, body = '', ...call }: LeafCall): Promise<HttpAnswer> {
    return this.handle({ ...call, body, from: hub.name, remote: new URL(hub.address).hostname })
  }

  async #say(hub: Machine, id: string, stream: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      const { body } = await this.upload(hub, `/api/federation/leaf/${id}`, stream)
      body.destroy()
    } catch {
      // Refused, or nobody reads it.
    }
  }

  async *#garbage(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(this.rng.happens(0.5) ? '{"status":200,"headers":{}}\n' : '{"status":1}\n')
    yield this.rng.bytes(300)
  }
}

async function* inPieces({ status, headers, body }: HttpAnswer): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify({ status, headers })}\n`)
  if (body instanceof Uint8Array) yield body
  else yield* body
}

async function* endless(begun: Uint8Array): AsyncGenerator<Uint8Array> {
  yield begun
  await new Promise(() => {})
}

function readable(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
