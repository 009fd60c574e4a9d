import { z } from 'zod'
import { Bucket } from '../../concurrency/bucket.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import { type Invite, inviteKey, isJoinProof, joinProof } from '../../core/identity/invite.ts'
import { type MemberList, memberListSchema, readMemberList } from '../../core/identity/members.ts'
import { keyIdSchema, leadsTo } from '../../core/identity/rotation.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import { NOT_LET_IN } from '../../core/wire/access.ts'
import type { Hub, MembersAnswer } from '../../core/wire/join.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Access } from '../access/access.ts'
import type { MemberLists } from '../access/member-lists.ts'
import type { Rotations } from '../access/rotations.ts'
import type { NodeConfig } from '../config.ts'
import type { SyncContext } from '../context.ts'
import { ask } from './contact.ts'
import { OwnRotations } from './own-rotations.ts'
import type { SamplingContext } from './sampling.ts'

const SPACE = 'hub'
/** Bytes of a call's nonce. */
const NONCE_BYTES = 16
/** How often lists are taken before their time, as strangers are refused. */
const SOONER_MS = 5_000

const storedSchema = z.object({
  peerId: keyIdSchema,
  address: z.string(),
  /** Unix ms. */
  joinedAt: z.number(),
  list: memberListSchema,
})
type KeptHub = z.infer<typeof storedSchema>

type HubsContext = SamplingContext &
  Pick<SyncContext, 'later'> & {
    readonly config: Pick<NodeConfig, 'self' | 'former' | 'seeds' | 'syncIntervalMs'>
    readonly access: Pick<Access, 'onStranger'> & {
      readonly members: Pick<MemberLists, 'follow' | 'forget'>
      readonly rotations: Pick<Rotations, 'learn' | 'presentOf'>
    }
  }

interface HubsPorts {
  readonly records: RecordStore
  readonly secret: (bytes: number) => string
  /** Told of a change of the hubs, but for the first reading. */
  readonly onChange: () => void
}

/**
 * The groves that this one has joined by an invite. Each is a seed of its, over restarts, and its
 * list of members is followed.
 */
export class Hubs {
  readonly #node: HubsContext
  readonly #ports: HubsPorts
  /** By id. */
  readonly #known = new Map<KeyId, KeptHub>()
  /** Those that let this grove in no more, by what they answered last: they send it no list. */
  readonly #refusing = new Set<KeyId>()
  readonly #ownRotations: OwnRotations
  readonly #sooner = new Bucket(1, SOONER_MS)

  constructor(node: HubsContext, ports: HubsPorts) {
    this.#node = node
    this.#ports = ports
    this.#ownRotations = new OwnRotations(node)
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { value } of await this.#ports.records.list(SPACE)) {
      const { data } = storedSchema.safeParse(value)
      if (data !== undefined) this.#enter(data)
    }
  }

  seeds(): PeerAddress[] {
    return [...this.#known.values()].map(({ peerId, address }) => ({ peerId, address }))
  }

  /** The hubs, the one that was joined first before others. */
  list(): Hub[] {
    return [...this.#known.values()]
      .toSorted((a, b) => a.joinedAt - b.joinedAt)
      .map(({ peerId, address, joinedAt, list }) => {
        const members = list.members.map((member) => member.peerId)
        const isMember = this.#isOn(list) && !this.#refusing.has(peerId)
        const { seq, issuedAt } = list
        const times = { joinedAt: timestamp(joinedAt), listedAt: timestamp(issuedAt) }
        return { peerId, address, ...times, seq, members, isMember }
      })
  }

  /**
   * Joins the grove that made an invite. Nothing is kept before that has proved that it did. Throws
   * `refused`, `unauthorized`, `peer-fault` for another grove that answers there, and what a call
   * to a peer throws.
   */
  async join(
    { address, peerId, secret }: Invite,
    { name, signal }: { readonly name?: string | undefined; readonly signal: AbortSignal },
  ): Promise<Hub> {
    const { transport, clock, config } = this.#node
    const joiner = config.self.peerId
    if (joiner === peerId)
      throw new GroveError('usage-error', {}, { message: 'this grove made the invite itself' })
    if (!isKeyId(joiner))
      throw new GroveError('refused', {}, { message: 'a grove without a key joins nobody' })
    const { id, key } = inviteKey(secret)
    const call = { joiner, inviter: peerId, nonce: this.#ports.secret(NONCE_BYTES) }
    const proof = joinProof(key, { by: 'joiner', ...call })
    const rotations = config.former?.rotations ?? []
    const request = {
      ...{ id, nonce: call.nonce, proof },
      ...(name !== undefined && { name }),
      ...(rotations.length > 0 && { rotations: [...rotations] }),
    }
    const hub = { peerId, address }
    transport.expectNamed(address)
    const answer = await ask(this.#node, hub, signal, () =>
      transport.join(hub, request, { signal }),
    )
    if (!isJoinProof(answer.proof, key, { by: 'inviter', ...call }))
      throw foreign(address, 'does not know the invite')
    const list = signedBy(peerId, address, answer.list)
    await this.#keep({ ...hub, joinedAt: clock.now(), list })
    await this.#node.access.rotations.learn(answer.memberRotations ?? [])
    this.#ports.onChange()
    this.#node.log.info('joined a grove', { ...hub, members: list.members.length })
    return this.#listed(peerId)
  }

  /**
   * Leaves a hub, by its id or address; the only one where none is named. Told is whether it has
   * taken this grove off its list. Throws `not-found`, `usage-error` where several are joined.
   */
  async leave(named: string | undefined, signal: AbortSignal): Promise<Hub & { isTold: boolean }> {
    const { peerId } = this.#named(named)
    const hub = this.#listed(peerId)
    const isTold = await this.#tellLeft(hub, signal)
    this.#known.delete(peerId)
    await this.#ports.records.delete(SPACE, peerId)
    await this.#node.access.members.forget(peerId)
    this.#node.tell({ type: 'seed-removed', address: hub.address })
    this.#ports.onChange()
    return { ...hub, isTold }
  }

  /** Takes the lists of members in each round, from so long on, and when strangers are refused. */
  begin(delayMs: number): void {
    this.#node.access.onStranger(() => this.#followSoon())
    this.#followIn(delayMs)
  }

  #followIn(delayMs: number): void {
    this.#node.later('lists of members', delayMs, async () => {
      this.#followIn(this.#node.config.syncIntervalMs)
      await this.follow()
    })
  }

  /** A stranger was refused, who may have joined a hub since its list was taken. */
  #followSoon(): void {
    if (this.#known.size > 0 && this.#sooner.tryTake(this.#node.clock.now())) this.#followIn(0)
  }

  /**
   * Shows seeds and hubs how this grove's key has changed, if it has, and then the peers that know
   * its key before only.
   */
  async showRotations(unaware: readonly PeerAddress[]): Promise<void> {
    await this.#ownRotations.show()
    await this.#ownRotations.reintroduce(unaware)
  }

  /** Takes the lists of members that hubs have since. A hub that says nothing holds up no other. */
  async follow(): Promise<void> {
    await this.#ownRotations.show()
    await Promise.all([...this.#known.values()].map((hub) => this.#followOne(hub)))
  }

  async #followOne(hub: KeptHub): Promise<void> {
    const { closing, transport, log } = this.#node
    const options = { signal: closing }
    try {
      const answer = await ask(this.#node, hub, closing, () =>
        transport.members(hub, hub.list.seq, options),
      )
      this.#refusing.delete(hub.peerId)
      const { rotations } = this.#node.access
      const sent = answer.list && listSent(hub, answer, rotations.presentOf(hub.peerId))
      if (sent === undefined || this.#known.get(hub.peerId) !== hub) return
      if (isTwin(sent, hub)) return this.#warnOfTwin(hub)
      if (sent.list.seq <= hub.list.seq) return
      const changes = [...answer.rotations, ...(answer.memberRotations ?? [])]
      // Before, too: a key may be on the list that is followed, and the one since on the next.
      await rotations.learn(changes)
      await this.#change(hub, sent)
      await rotations.learn(changes)
    } catch (error) {
      if (!isGroveError(error)) throw error
      if (closing.aborted) return
      const { code, message: reason, details } = error
      log.debug('a hub did not send its members', { address: hub.address, code, reason })
      if (details['fault'] === NOT_LET_IN) this.#noteRefusal(hub, reason)
    }
  }

  #noteRefusal({ peerId, address, list }: KeptHub, reason: string): void {
    if (this.#refusing.has(peerId)) return
    this.#refusing.add(peerId)
    if (this.#isOn(list))
      this.#node.log.warn('a hub lets this grove in no more', { address, reason })
  }

  /** The one that came first is followed. */
  #warnOfTwin({ peerId, address, list: { seq } }: KeptHub): void {
    const remedy = 'ask who runs it whether a copy of its directory is being served'
    this.#node.log.warn('a hub has signed two lists of members with one number', {
      ...{ peerId, address, seq, remedy },
    })
  }

  async #change(before: KeptHub, next: KeptHub): Promise<void> {
    const { log } = this.#node
    if (next.peerId !== before.peerId) {
      log.warn('a hub has another key than it had', {
        ...before,
        list: undefined,
        now: next.peerId,
      })
      this.#known.delete(before.peerId)
      await this.#ports.records.delete(SPACE, before.peerId)
      await this.#node.access.members.forget(before.peerId)
    }
    await this.#keep(next)
    if (this.#isOn(before.list) && !this.#isOn(next.list))
      log.warn('a hub has taken this grove off its list of members', { address: next.address })
  }

  /** Whether a list has this grove, be it by a key that it had before. */
  #isOn({ members }: MemberList): boolean {
    const { self, former } = this.#node.config
    const keys = new Set([self.peerId, ...(former?.rotations ?? []).map(({ from }) => from)])
    return members.some(({ peerId }) => keys.has(peerId))
  }

  async #keep(hub: KeptHub): Promise<void> {
    await this.#ports.records.set(SPACE, hub.peerId, hub as unknown as JsonObject)
    const ids = [...new Set([hub.peerId, ...hub.list.members.map(({ peerId }) => peerId)])]
    await this.#node.access.members.follow(hub.peerId, ids)
    this.#enter(hub)
  }

  #enter(hub: KeptHub): void {
    const { peerId, address } = hub
    const before = this.#known.get(peerId)?.address ?? address
    const isWritten = this.#node.config.seeds.some((seed) => tidyAddress(seed.address) === before)
    if (before !== address && !isWritten) this.#node.tell({ type: 'seed-removed', address: before })
    this.#known.set(peerId, hub)
    this.#node.transport.expectNamed(address)
    this.#node.tell({ type: 'seed-added', peer: { peerId, address } })
  }

  async #tellLeft(hub: Hub, signal: AbortSignal): Promise<boolean> {
    try {
      await ask(this.#node, hub, signal, () => this.#node.transport.leave(hub, { signal }))
      return true
    } catch (error) {
      if (!isGroveError(error) || signal.aborted) throw error
      return false
    }
  }

  #named(named: string | undefined): KeptHub {
    const all = [...this.#known.values()]
    const wanted = named === undefined ? undefined : tidyAddress(named)
    const [hub, other] = all.filter(
      ({ peerId, address }) => named === undefined || peerId === named || address === wanted,
    )
    if (hub === undefined) {
      const message = named === undefined ? 'no grove is joined' : `${named} is not joined`
      throw new GroveError('not-found', {}, { message })
    }
    if (other === undefined) return hub
    const places = all.map((one) => one.address).join(', ')
    const message = `several groves are joined: name one of ${places}`
    throw new GroveError('usage-error', {}, { message })
  }

  #listed(peerId: KeyId): Hub {
    const hub = this.list().find((one) => one.peerId === peerId)
    if (hub === undefined) throw new GroveError('not-found', { peerId })
    return hub
  }
}

/**
 * What a hub is with the list that it sent, which its present key has to have signed, or one that
 * this leads to. Throws `peer-fault`.
 */
function listSent(hub: KeptHub, { list: sent, rotations }: MembersAnswer, present: KeyId): KeptHub {
  const { by } = (sent ?? {}) as Partial<MemberList>
  const peerId = by !== undefined && leadsTo(present, by, rotations) ? by : present
  return { ...hub, peerId, list: signedBy(peerId, hub.address, sent) }
}

/** Whether one key has signed two lists with one number, which no grove does. */
const isTwin = ({ list: one }: KeptHub, { list: other }: KeptHub): boolean =>
  one.by === other.by && one.seq === other.seq && one.signature !== other.signature

/** What arrived as the list of a hub. Throws `peer-fault` for one that it didn't sign. */
function signedBy(peerId: KeyId, address: string, value: unknown): MemberList {
  const read = readMemberList(value)
  if ('record' in read && read.record.by === peerId) return read.record
  const why = 'fault' in read ? read.fault : "another grove's"
  throw foreign(address, `sent a list of members that is ${why}`)
}

function foreign(address: string, what: string): GroveError {
  const message = `${address} ${what}: it is not the grove that made the invite`
  return new GroveError('peer-fault', { address, fault: 'forged' }, { message })
}
