import { BoundedMap } from '../../concurrency/bounded.ts'

/** Hosts remembered. Of the others nothing is known. */
const HOSTS_MAX = 4_096
/** The credit of an unknown host, and the least and the most. */
const CREDIT_FIRST = 2
const CREDIT_LEAST = 1
const CREDIT_MOST = 64
/** A host with so much credit has brought more of what it offered, lately, than it failed to. */
const CREDIT_PROVEN = 4

/**
 * How far offers of hosts have been worth following lately: doubled by each item that came from a
 * host, halved by each that did not. An offer costs nobody anything to invent, so it causes work
 * only in proportion to what its host has brought so far.
 */
export class Credit {
  readonly #byHost = new BoundedMap<string, number>(HOSTS_MAX)

  of(host: string): number {
    return this.#byHost.get(host) ?? CREDIT_FIRST
  }

  isProven(host: string): boolean {
    return this.of(host) >= CREDIT_PROVEN
  }

  /** An item that the host offered came from there. */
  kept(host: string): void {
    this.#byHost.set(host, Math.min(CREDIT_MOST, this.of(host) * 2))
  }

  /** An item that the host offered did not come from there. */
  broken(host: string): void {
    this.#byHost.set(host, Math.max(CREDIT_LEAST, this.of(host) / 2))
  }
}
