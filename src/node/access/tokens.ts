import type { JsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import {
  isTokenOf,
  makeToken,
  TOKEN_BYTES,
  type TokenRecord,
  tokenId,
  tokenRecordSchema,
} from '../../core/identity/token.ts'
import { timestamp } from '../../core/time.ts'
import type { NewToken, TokenInfo, TokenRequest } from '../../core/wire/access.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import { TokenEnds } from './token-ends.ts'

const SPACE = 'token'
/** Tokens of one grove. All are kept in memory, so that a wrong one costs no disk. */
const TOKENS_MAX = 1_000

export interface AccessPorts {
  readonly records: RecordStore
  readonly clock: Clock
  /** Draws so many bytes that nobody can guess, in hex. */
  readonly secret: (bytes: number) => string
}

/** The tokens by which agents and operators call this grove from other machines. */
export class Tokens {
  readonly #ports: AccessPorts
  readonly #known = new Map<string, TokenRecord>()
  readonly #ends: TokenEnds

  constructor(ports: AccessPorts) {
    this.#ports = ports
    this.#ends = new TokenEnds(ports.clock)
  }

  /** Reads what was kept. A record that can't be read is no token. */
  async load(): Promise<void> {
    for (const { value } of await this.#ports.records.list(SPACE)) {
      const { data } = tokenRecordSchema.safeParse(value)
      if (data !== undefined) this.#known.set(data.id, data)
    }
  }

  /** Makes a token, which is durable when this resolves. Throws `refused` beyond TOKENS_MAX. */
  async create({ name, scope, expiresInMs }: TokenRequest): Promise<NewToken> {
    const { clock, records, secret } = this.#ports
    if (this.#known.size >= TOKENS_MAX) throw new GroveError('refused', {}, { message: tooMany })
    const createdAt = clock.now()
    const expiry = expiresInMs === undefined ? {} : { expiresAt: createdAt + expiresInMs }
    const terms = { name, scope, createdAt, ...expiry }
    const { token, record } = makeToken(Buffer.from(secret(TOKEN_BYTES), 'hex'), terms)
    await records.set(SPACE, record.id, record as JsonObject)
    this.#known.set(record.id, record)
    return { token, ...this.#infoOf(record) }
  }

  /**
   * Ends a token, by its id or by a name that no other has: nobody gets in by it once this
   * resolves, and who came in by it is told to end. Throws `not-found`, and `usage-error` for a
   * name of several.
   */
  async revoke(idOrName: string): Promise<TokenInfo> {
    const record = this.#named(idOrName)
    await this.#ports.records.delete(SPACE, record.id)
    this.#known.delete(record.id)
    this.#ends.revoked(record.id)
    return this.#infoOf(record)
  }

  /**
   * Calls `onEnd` once, when the token of this id expires or is revoked; at once if it has been.
   * Call the result to wait no longer.
   */
  watch(id: string, onEnd: () => void): () => void {
    const record = this.#known.get(id)
    if (record !== undefined) return this.#ends.watch(record, onEnd)
    onEnd()
    return () => {}
  }

  /** All tokens, the oldest first. */
  list(): TokenInfo[] {
    const byAge = [...this.#known.values()].toSorted((a, b) => a.createdAt - b.createdAt)
    return byAge.map((record) => this.#infoOf(record))
  }

  /** The record of a token; undefined for one that this grove didn't make, or has revoked. */
  recordOf(token: string): TokenRecord | undefined {
    const record = this.#known.get(tokenId(token) ?? '')
    return isTokenOf(token, record) ? record : undefined
  }

  #named(idOrName: string): TokenRecord {
    const byId = this.#known.get(idOrName)
    if (byId !== undefined) return byId
    const [first, ...others] = [...this.#known.values()].filter(({ name }) => name === idOrName)
    if (first !== undefined && others.length === 0) return first
    const [code, what] =
      first === undefined
        ? (['not-found', 'no token has this id or name'] as const)
        : (['usage-error', 'several tokens have this name: give the id'] as const)
    throw new GroveError(code, { token: idOrName }, { message: `${what}: ${idOrName}` })
  }

  #infoOf({ id, name, scope, createdAt, expiresAt }: TokenRecord): TokenInfo {
    const expiry = expiresAt === undefined ? {} : { expiresAt: timestamp(expiresAt) }
    const isExpired = expiresAt !== undefined && expiresAt <= this.#ports.clock.now()
    return { id, name, scope, createdAt: timestamp(createdAt), ...expiry, isExpired }
  }
}

const tooMany = `there are ${TOKENS_MAX} tokens, and no more are made: revoke some`
