import type { Row } from '../report.ts'

/** The longest that a work may take to reach another grove, as a multiple of the baseline. */
const HELD_RATIO_MAX = 3
const RATE_RATIO_MIN = 0.7

/** What normal work was like beside an attack. */
interface Normal {
  /** From the publish on A until B held it, the median. */
  readonly heldMs: number
  /** Publishes a second. */
  readonly rate: number
  /** The longest that /healthz took. */
  readonly stallMs: number
  /** How late the timer of the process that watches was: by so much the machine itself stalled. */
  readonly lateMs: number
}

/** The same work beside an attack on the grove, and on a server that refuses everything. */
export interface Besides {
  readonly what: string
  readonly attacked: Normal
  readonly control: Normal
}

/** The rows of one kind of attack. */
export function rowsOf({ what, attacked, control }: Besides): Row[] {
  const baseline = 'the same while the attack is on a server that refuses everything'
  return [
    {
      figure: `${what}: published on A → held by B, median`,
      unit: 'ms',
      value: attacked.heldMs,
      baseline: { what: baseline, value: control.heldMs },
      aim: { most: HELD_RATIO_MAX, of: 'ratio' },
    },
    {
      figure: `${what}: publishes on A`,
      unit: '/s',
      value: attacked.rate,
      baseline: { what: baseline, value: control.rate },
      aim: { least: RATE_RATIO_MIN, of: 'ratio' },
    },
    {
      figure: `${what}: GET /healthz of A, longest`,
      unit: 'ms',
      value: attacked.stallMs,
      baseline: { what: baseline, value: control.stallMs },
    },
  ]
}
