import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { Backing, SignedBy } from '../../../core/ranking/belief.ts'
import { isSignalMetric, type SignalMetric } from '../../../core/ranking/frontier.ts'
import type { Evidence } from '../../../core/ranking/signals.ts'
import { SIGNERS_COUNTED } from '../../../ports/graph-index.ts'
import { type Gain, signalsIn } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'

/** The numbers of the signals in rows. Others are only ever added. */
const SIGNALS = { adoption: 0, reproduction: 1, reviews: 2 } as const satisfies Record<
  keyof SignedBy,
  number
>

const ADD = `
  INSERT INTO signer (target, signal, key, items) VALUES (?, ?, ?, 1)
  ON CONFLICT DO UPDATE SET items = items + 1`
const TAKE = 'UPDATE signer SET items = items - 1 WHERE target = ? AND signal = ? AND key = ?'
const DROP = 'DELETE FROM signer WHERE target = ? AND signal = ? AND key = ? AND items <= 0'
/** The grove of a key: one that has changed its key is still the same. */
const groveOf = (key: string) =>
  `ifnull((SELECT present FROM key_alias WHERE former = ${key}), ${key})`
const SOME = `
  SELECT DISTINCT ${groveOf('key')} FROM signer WHERE target = ? AND signal = ? LIMIT ?`
const COUNT = `SELECT count(*) AS keys FROM (${SOME})`
/** Who has signed a work or a reproduction of it, each key once. */
const BEHIND_WORK = `
  SELECT o.key FROM contribution c JOIN origin o ON o.contribution = c.id
  WHERE c.cid = @target AND o.refused = 0
  UNION
  SELECT key FROM (
    SELECT key FROM signer WHERE target = @target AND signal = ${SIGNALS.reproduction}
    LIMIT ${SIGNERS_COUNTED})`
const OF_TRUSTED = `
  JOIN key_standing k ON k.key = b.key WHERE k.standing = 'trusted'`
/** The signals that groves stand behind, by their dimensions. */
const SIGNAL_OF: Readonly<Partial<Record<SignalMetric, number>>> = {
  _adoption: SIGNALS.adoption,
  _reproduction: SIGNALS.reproduction,
  _review_score: SIGNALS.reviews,
}

/** The operator chose few keys, and a target may have many: these are gone through. */
const TRUSTED = `
  FROM key_standing k CROSS JOIN signer s ON s.target = @target AND s.key = k.key
  WHERE k.standing IN ('own', 'trusted')`
const COUNT_TRUSTED = `
  SELECT count(DISTINCT ${groveOf('k.key')}) AS keys ${TRUSTED}
    AND k.standing = 'trusted' AND s.signal = @signal`
const SIGNED_BY = `
  SELECT 1 FROM origin o JOIN contribution c ON c.id = o.contribution
  LEFT JOIN key_standing t ON t.key = o.key
  WHERE c.cid = @target`
const ATTESTED = `
  SELECT 1 ${TRUSTED} AND s.signal IN (${SIGNALS.reproduction}, ${SIGNALS.reviews})
    AND EXISTS (${SIGNED_BY})
    AND NOT EXISTS (
      ${SIGNED_BY} AND (
        ${groveOf('o.key')} = ${groveOf('k.key')} OR (k.standing = 'own' AND t.standing = 'own')))
  LIMIT 1`

/** The table `signer`: which accepted keys have signed what counts for each target. */
export class Signers {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** A contribution with these gains has origins of these keys. */
  add(gains: readonly Gain[], keys: readonly Uint8Array[]): void {
    for (const row of rowsOf(gains, keys)) this.#connection.sql(ADD).run(...row)
  }

  /** It no longer has origins of these keys. */
  take(gains: readonly Gain[], keys: readonly Uint8Array[]): void {
    for (const row of rowsOf(gains, keys)) {
      this.#connection.sql(TAKE).run(...row)
      this.#connection.sql(DROP).run(...row)
    }
  }

  /** How many groves stand behind a place of a contribution in this dimension, up to a number. */
  behind(cid: Uint8Array, metric: string, most: number): number {
    const signal = isSignalMetric(metric) ? SIGNAL_OF[metric] : undefined
    if (signal === undefined) return this.#work(cid, '')
    return (
      this.#connection.sql<[Uint8Array, number, number], Keys>(COUNT).get(cid, signal, most)
        ?.keys ?? 0
    )
  }

  isAttested(cid: Uint8Array): boolean {
    return this.#connection.sql<[object]>(ATTESTED).get({ target: cid }) !== undefined
  }

  #work(target: Uint8Array, only: string): number {
    const groves = `count(DISTINCT ${groveOf('b.key')})`
    const text = `SELECT ${groves} AS keys FROM (${BEHIND_WORK}) b ${only}`
    return this.#connection.sql<[object], Keys>(text).get({ target })?.keys ?? 0
  }

  /** Who stands behind the signals of a target. */
  of(cid: Cid): Backing {
    const target = cidToBytes(cid)
    const connection = this.#connection
    const all = (signal: number) =>
      connection.sql<[Uint8Array, number, number], Keys>(COUNT).get(target, signal, SIGNERS_COUNTED)
        ?.keys ?? 0
    const trusted = (signal: number) =>
      connection.sql<[object], Keys>(COUNT_TRUSTED).get({ target, signal })?.keys ?? 0
    return {
      signedBy: eachSignal(all),
      trusted: eachSignal(trusted),
      work: { groves: this.#work(target, ''), trusted: this.#work(target, OF_TRUSTED) },
      isAttested: this.isAttested(target),
    }
  }
}

interface Keys {
  readonly keys: number
}

const eachSignal = (count: (signal: number) => number): SignedBy => ({
  adoption: count(SIGNALS.adoption),
  reproduction: count(SIGNALS.reproduction),
  reviews: count(SIGNALS.reviews),
})

function rowsOf(gains: readonly Gain[], keys: readonly Uint8Array[]) {
  const evidence = gains.flatMap(({ evidence }) => evidence ?? [])
  return evidence.flatMap((item) => rowsAbout(item, keys))
}

function rowsAbout(evidence: Evidence, keys: readonly Uint8Array[]) {
  const target = cidToBytes(evidence.target)
  const signals = signalsIn(evidence).map((signal) => SIGNALS[signal])
  return signals.flatMap((signal) => keys.map((key) => [target, signal, key] as const))
}
