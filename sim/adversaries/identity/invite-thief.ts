import { isKeyId } from '../../../src/core/identity/ed25519.ts'
import { inviteKey, joinProof, parseInviteLine } from '../../../src/core/identity/invite.ts'
import { hexDigits } from '../../../src/core/random.ts'
import type { JoinRequest } from '../../../src/core/wire/join.ts'
import type { Machine } from '../../machine/machine.ts'
import { Adversary } from '../adversary.ts'

const JOIN = '/api/federation/join'
const NONCE_DIGITS = 32

/**
 * Somebody who hears how others join, and finds their invites once they were used, had ended or were
 * revoked. It says again what they said, also as its own, and shows the invites itself.
 */
export class InviteThief extends Adversary {
  readonly #heard: string[] = []

  constructor(...options: ConstructorParameters<typeof Adversary>) {
    super(...options)
    const { ledger, mode, network } = this.context
    if (mode === 'members') {
      ledger.unwanted.addresses.add(this.address)
      for (const { cid } of this.works) ledger.unwanted.cids.add(cid)
    }
    network.tap(({ honest }, { path, body }, to) => {
      const target = this.context.machines.find(({ address }) => address === to?.address)
      if (!honest || path !== JOIN || body === undefined || target === undefined) return false
      this.#heard.push(body)
      void this.#try(target, body)
      return false
    })
  }

  protected override act(): void {
    super.act()
    const [hub] = this.context.machines
    if (hub === undefined) return
    const heard = this.rng.pick(this.#heard)
    if (heard !== undefined) void this.#try(hub, heard)
    const line = this.rng.pick(this.context.ledger.leaked)
    if (line !== undefined) void this.#try(hub, JSON.stringify(this.#shown(hub, line)))
  }

  /** What shows an invite as whoever has it would. */
  #shown(hub: Machine, line: string): JoinRequest {
    const { id, key } = inviteKey(parseInviteLine(line).secret)
    const nonce = hexDigits(this.rng, NONCE_DIGITS)
    const [joiner, inviter] = [this.peerId, hub.peer.peerId]
    if (!isKeyId(joiner) || !isKeyId(inviter)) return { id, nonce, proof: this.#guess() }
    return { id, nonce, proof: joinProof(key, { by: 'joiner', joiner, inviter, nonce }) }
  }

  #guess(): string {
    return this.rng.cid().slice(-64)
  }

  async #try(hub: Machine, body: string): Promise<void> {
    const answer = await this.request(hub, JOIN, body).catch(() => undefined)
    if (answer === undefined) return
    answer.body.destroy()
    if (answer.statusCode < 400) this.context.violated(`${hub.name} lets ${this.name} join`)
  }
}
