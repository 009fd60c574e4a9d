import type { JsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import {
  hasRotatedSince,
  type InviteRecord,
  inviteKey,
  inviteRecordSchema,
  isJoinProof,
  showInvite,
} from '../../core/identity/invite.ts'
import type { Rotation } from '../../core/identity/rotation.ts'
import { timestamp } from '../../core/time.ts'
import type { InviteInfo, JoinRequest } from '../../core/wire/join.ts'
import type { AccessPorts } from './tokens.ts'

const SPACE = 'invite'
/** Invites of one grove. All are kept in memory, so that a wrong one costs no disk. */
const INVITES_MAX = 1_000
/** Bytes of the secret in an invite. */
const SECRET_BYTES = 32
/** How long an invite is listed after its end. */
const LISTED_MS = 7 * 24 * 60 * 60_000
/** Proofs that are compared with this take as long as others, and are never right. */
const NO_KEY = '0'.repeat(64)

interface Terms {
  readonly expiresInMs: number
  readonly uses: number
}

/** Why a grove may not join by an invite. */
interface Refused {
  readonly reason: 'expired' | 'used'
  readonly message: string
}

/** A join, and between whom. */
interface Join {
  readonly joiner: KeyId
  readonly inviter: KeyId
  /** The keys that the inviter had before. */
  readonly formerly?: readonly KeyId[]
  readonly request: JoinRequest
}

/** The invites by which other groves join this one. */
export class Invites {
  readonly #ports: AccessPorts
  readonly #known = new Map<string, InviteRecord>()

  constructor(ports: AccessPorts) {
    this.#ports = ports
  }

  /** Reads what was kept. A record that can't be read is no invite. */
  async load(): Promise<void> {
    for (const { value } of await this.#ports.records.list(SPACE)) {
      const { data } = inviteRecordSchema.safeParse(value)
      if (data !== undefined) this.#known.set(data.id, data)
    }
  }

  /**
   * Makes an invite, which is durable when this resolves, and returns its secret, which is not
   * kept. Throws `refused` beyond INVITES_MAX.
   */
  async create({ expiresInMs, uses }: Terms): Promise<InviteInfo & { readonly secret: string }> {
    await this.#dropOld()
    if (this.#known.size >= INVITES_MAX) throw new GroveError('refused', {}, { message: tooMany })
    const secret = Buffer.from(this.#ports.secret(SECRET_BYTES), 'hex').toString('base64url')
    const createdAt = this.#ports.clock.now()
    const terms = { createdAt, expiresAt: createdAt + expiresInMs, uses }
    const record = { ...inviteKey(secret), ...terms, usedBy: [], refused: [] }
    await this.#keep(record)
    return { ...this.#infoOf(record), secret }
  }

  /** All invites, the oldest first. */
  list(): InviteInfo[] {
    const byAge = [...this.#known.values()].toSorted((a, b) => a.createdAt - b.createdAt)
    return byAge.map((record) => this.#infoOf(record))
  }

  /** Ends an invite: nobody joins by it once this resolves. Throws `not-found`. */
  async revoke(id: string): Promise<InviteInfo> {
    const record = this.#known.get(id)
    if (record === undefined)
      throw new GroveError('not-found', { id }, { message: `there is no invite ${id}` })
    this.#known.delete(id)
    await this.#ports.records.delete(SPACE, id)
    return this.#infoOf(record)
  }

  /**
   * Lets a grove join by an invite that it proves to have, durably, and returns the key of the
   * proof that answers it. Throws `refused`; only who has the invite learns why.
   */
  async show({ joiner, inviter, formerly = [], request }: Join): Promise<string> {
    const { id, nonce, proof, rotations } = request
    const key = this.#known.get(id)?.key
    const isFor = (to: KeyId) =>
      isJoinProof(proof, key ?? NO_KEY, { by: 'joiner', joiner, inviter: to, nonce })
    const isRight = isFor(inviter)
    if (!isRight && key !== undefined && formerly.some(isFor)) throw outdated(id)
    if (!isRight || key === undefined) throw unknown()
    const refused = await this.#use(id, { joiner, rotations })
    if (refused !== undefined)
      throw new GroveError('refused', { id, reason: refused.reason }, { message: refused.message })
    return key
  }

  /** Of several that use an invite at once, one changes its record, and the others look again. */
  async #use(id: string, joiner: Parameters<typeof showInvite>[1]): Promise<Refused | undefined> {
    for (;;) {
      const known = this.#known.get(id)
      if (known === undefined) throw unknown()
      const { record, refused } = showInvite(known, joiner, this.#ports.clock.now())
      if (record === known || (await this.#change(known, record)))
        return refused && { reason: refused, message: reasons[refused](record) }
    }
  }

  async #change(before: InviteRecord, record: InviteRecord): Promise<boolean> {
    const { records } = this.#ports
    const isKept = await records.compareAndSet(
      ...([SPACE, record.id, before as JsonObject, record as JsonObject] as const),
    )
    const { data } = inviteRecordSchema.safeParse(await records.get(SPACE, record.id))
    if (data === undefined) this.#known.delete(record.id)
    else this.#known.set(record.id, data)
    return isKept
  }

  async #keep(record: InviteRecord): Promise<void> {
    await this.#ports.records.set(SPACE, record.id, record as JsonObject)
    this.#known.set(record.id, record)
  }

  async #dropOld(): Promise<void> {
    const before = this.#ports.clock.now() - LISTED_MS
    for (const { id, expiresAt } of [...this.#known.values()]) {
      if (expiresAt > before) continue
      this.#known.delete(id)
      await this.#ports.records.delete(SPACE, id)
    }
  }

  #infoOf({ id, createdAt, expiresAt, uses, usedBy, refused }: InviteRecord): InviteInfo {
    return {
      ...{ id, uses, usedBy },
      refused: refused.map(({ peerId, at }) => ({ peerId, at: timestamp(at) })),
      createdAt: timestamp(createdAt),
      expiresAt: timestamp(expiresAt),
      isExpired: expiresAt <= this.#ports.clock.now(),
    }
  }
}

/** How many invites a grove has by which others can still join. */
export async function countOpenInvites(
  ports: AccessPorts,
  rotations: readonly Rotation[],
): Promise<number> {
  const invites = new Invites(ports)
  await invites.load()
  const isOpen = ({ isExpired, usedBy, uses, createdAt }: InviteInfo) =>
    !isExpired && usedBy.length < uses && !hasRotatedSince(createdAt, rotations)
  return invites.list().filter(isOpen).length
}

const unknown = () => new GroveError('refused', {}, { message: 'there is no such invite' })

const outdated = (id: string) => {
  const message = `the invite ${id} ended when this grove changed its key: ask for another`
  return new GroveError('refused', { id, reason: 'rotated' }, { message })
}

const reasons = {
  expired: ({ id, expiresAt }: InviteRecord) =>
    `the invite ${id} ended at ${timestamp(expiresAt)}: ask for another`,
  used: ({ id, usedBy }: InviteRecord) =>
    `the invite ${id} was used already, by ${usedBy.join(', ').slice(0, 400)}: if that was not ` +
    'you, somebody else had it. Tell who invited you, and ask for another',
}

const tooMany = `there are ${INVITES_MAX} invites, and no more are made: revoke some`
