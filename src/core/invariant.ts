/**
 * Rules that this program's own state keeps, whatever peers and users do.
 *
 * They hold in every test and simulation, where a broken one throws at once. In production they are
 * off: peers feed this state, and whoever found a way to break a rule could stop a grove with it,
 * where a wrong count costs little and ends with the next restart.
 */

/** A rule about Grove's own state is broken: a fault of Grove's own, never of a peer or a user. */
export class InvariantError extends Error {
  constructor(rule: string, details?: unknown) {
    const found = details === undefined ? '' : `: ${JSON.stringify(details)}`
    super(`a fault of Grove's own, for this must always hold: ${rule}${found}`)
    this.name = 'InvariantError'
  }
}

let areEnforced = false

/**
 * From now on `invariant` throws where a rule is broken. For tests and simulations; there is no way
 * back.
 */
export function enforceInvariants(): void {
  areEnforced = true
}

/**
 * Throws InvariantError where the rule is broken and rules are enforced. A condition that costs
 * more than a comparison is given as a function, which is only called then.
 */
export function invariant(condition: boolean | (() => boolean), rule: string): void {
  if (areEnforced) mustHold(typeof condition === 'boolean' ? condition : condition(), rule)
}

/**
 * Throws InvariantError where the rule is broken: for checks of a whole state, which are made only
 * on request.
 */
export function mustHold(condition: boolean, rule: string, details?: unknown): void {
  if (!condition) throw new InvariantError(rule, details)
}
