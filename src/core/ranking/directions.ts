import type { Direction } from '../contribution/schema.ts'

/** Who stands behind one direction of a metric. */
export interface Support {
  /** Contributions with it that were published here. */
  readonly published: number
  /** The row number of the first of these; undefined where there are none. */
  readonly firstPublished: number | undefined
  /** Distinct voices behind what came from elsewhere, up to `DIRECTION_VOICES_MAX`. */
  readonly voices: number
  /** The row number of the first contribution with it; undefined where there are none. */
  readonly first: number | undefined
}

/** Who stands behind each direction of a metric. */
export type DirectionSupport = Readonly<Record<Direction, Support>>

/** Of a direction that nothing has. */
export const NO_SUPPORT: Support = {
  published: 0,
  firstPublished: undefined,
  voices: 0,
  first: undefined,
}

/**
 * Those who decide on the direction of a metric: works, and others only where no work has it. A
 * review's score may be under the name of a work's metric, and says nothing about its direction.
 */
export function deciding(works: DirectionSupport, others: DirectionSupport): DirectionSupport {
  return isHeld(works.minimize) || isHeld(works.maximize) ? works : others
}

/**
 * The direction in which a metric is ranked: the one that most of what was published here has, then
 * the one that more voices stand behind, then the one that was here first. What has the other one
 * can't be compared with it, and is not ranked. Neither the number of contributions nor a date
 * counts, since their author makes as many as he likes, and writes the date.
 */
export function rankedDirection({ minimize, maximize }: DirectionSupport): Direction {
  const up =
    maximize.published - minimize.published ||
    numberOf(minimize.firstPublished) - numberOf(maximize.firstPublished) ||
    maximize.voices - minimize.voices ||
    numberOf(minimize.first) - numberOf(maximize.first)
  return up > 0 ? 'maximize' : 'minimize'
}

const isHeld = ({ first }: Support): boolean => first !== undefined

/** What comes never is last; not infinite, since the difference of two is taken. */
const numberOf = (seq: number | undefined): number => seq ?? Number.MAX_SAFE_INTEGER
