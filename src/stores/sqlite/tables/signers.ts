import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { SignedBy } from '../../../core/ranking/belief.ts'
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
const COUNT = `
  SELECT count(*) AS keys FROM (
    SELECT 1 FROM signer WHERE target = ? AND signal = ? LIMIT ${SIGNERS_COUNTED})`

/** The table `signer`: which keys have signed what counts for each target. */
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

  of(target: Cid): SignedBy {
    const count = (signal: number) =>
      this.#connection
        .sql<[Uint8Array, number], { keys: number }>(COUNT)
        .get(cidToBytes(target), signal)?.keys ?? 0
    return {
      adoption: count(SIGNALS.adoption),
      reproduction: count(SIGNALS.reproduction),
      reviews: count(SIGNALS.reviews),
    }
  }
}

function rowsOf(gains: readonly Gain[], keys: readonly Uint8Array[]) {
  const evidence = gains.flatMap(({ evidence }) => evidence ?? [])
  return evidence.flatMap((item) => rowsAbout(item, keys))
}

function rowsAbout(evidence: Evidence, keys: readonly Uint8Array[]) {
  const target = cidToBytes(evidence.target)
  const signals = signalsIn(evidence).map((signal) => SIGNALS[signal])
  return signals.flatMap((signal) => keys.map((key) => [target, signal, key] as const))
}
