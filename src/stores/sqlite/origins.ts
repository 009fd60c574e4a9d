import type { Cid } from '../../core/cid.ts'
import type { SigningKey } from '../../core/identity/ed25519.ts'
import type { Origin } from '../../core/identity/origin.ts'
import type { Counting, Judgement } from '../../core/peers/counting.ts'
import type { Provenance } from '../../ports/contribution-store.ts'
import type {
  KeptOrigins,
  NewCounting,
  OriginStore,
  RecountStep,
  UnsignedPage,
} from '../../ports/origin-store.ts'
import { isSameMap } from './counting/rules.ts'
import type { Session } from './session.ts'
import { rowOfOrigin } from './tables/origins.ts'

/** Whose turn a step of a recount is: nobody waits behind it. */
const RECOUNT = 'recount'

/** Origins in SQLite: its calls as jobs and queries. */
export class SqliteOrigins implements OriginStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  of(cids: readonly Cid[]): Promise<KeptOrigins[]> {
    return this.#session.read({ type: 'origins', cids })
  }

  add(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): Promise<boolean> {
    const rows = origins.map(rowOfOrigin)
    return this.#session.write({ type: 'add-origins', cid, origins: rows, from })
  }

  signWith(key: SigningKey): void {
    this.#session.signWith(key)
  }

  async sign(cids: readonly Cid[], at: number): Promise<void> {
    await this.#session.write({ type: 'sign', cids, at })
  }

  unsigned(after: number, limit: number): Promise<UnsignedPage> {
    return this.#session.read({ type: 'unsigned', after, limit })
  }

  /** Where nothing has changed, as at most starts, nothing is written. */
  async judge(counting: NewCounting): Promise<boolean> {
    const { counting: known, isRecounting } = await this.#session.read({ type: 'counting' })
    if (!isRecounting && isSame(known, counting)) return false
    return this.#session.write({ type: 'judge', counting })
  }

  async recount(): Promise<RecountStep> {
    const { step } = await this.#session.do({ type: 'recount' }, RECOUNT)
    return step ?? { metrics: [], hasMoved: false, isDone: true }
  }

  judgements(cids: readonly Cid[]): Promise<Judgement[]> {
    return this.#session.read({ type: 'judgements', cids })
  }
}

const isSame = ({ admission, standings, aliases }: Counting, next: NewCounting): boolean =>
  (next.admission ?? admission) === admission &&
  isSameMap(standings, next.standings) &&
  isSameMap(aliases, next.aliases)
