/**
 * Rules that this program's own state obeys, whatever peers and users do.
 *
 * Tests and simulations enforce them: a broken rule throws at once. Production doesn't: peers feed
 * this state, so an attacker who can break a rule could stop a grove with it. A wrong count does
 * less harm, and the next restart ends it.
 */

/** A broken rule about Grove's own state: a bug in Grove, never the fault of a peer or a user. */
export class InvariantError extends Error {
  constructor(rule: string, details?: unknown) {
    const found = details === undefined ? '' : `: ${JSON.stringify(details)}`
    super(`a bug in Grove: this must always hold: ${rule}${found}`)
    this.name = 'InvariantError'
  }
}

let areEnforced = false

/**
 * From now on `invariant` throws if a rule is broken. For tests and simulations; it can't be
 * undone.
 */
export function enforceInvariants(): void {
  areEnforced = true
}

/**
 * Throws InvariantError if the rule is broken and rules are enforced. Pass a condition that costs
 * more than a comparison as a function: it is called only where rules are enforced.
 */
export function invariant(condition: boolean | (() => boolean), rule: string): void {
  if (areEnforced) mustHold(typeof condition === 'boolean' ? condition : condition(), rule)
}

/**
 * Throws InvariantError if the rule is broken, enforced or not. For checks of a whole state, which
 * run only on request.
 */
export function mustHold(condition: boolean, rule: string, details?: unknown): void {
  if (!condition) throw new InvariantError(rule, details)
}
