/** Seconds for which a used nonce is remembered: longer than any signature is taken. */
const NONCE_KEPT_S = 200
/** Nonces that are remembered of one grove, and of all. */
const NONCES_OF_ONE_MAX = 65_536
const NONCES_MAX = 131_072

/**
 * The nonces of signatures that were taken, so that none is taken twice. None is forgotten before
 * its time: who has used too many has to wait.
 */
export class Nonces {
  /** By `id nonce`, in the order in which they were used: when that was, in Unix seconds. */
  readonly #used = new Map<string, number>()
  readonly #counts = new Map<string, number>()

  /** What is to be done with a nonce now: to take it, to refuse it, or to wait. */
  use(peerId: string, nonce: string, nowS: number): 'taken' | 'used' | 'full' {
    this.#forget(nowS)
    const key = `${peerId} ${nonce}`
    if (this.#used.has(key)) return 'used'
    const count = this.#counts.get(peerId) ?? 0
    if (count >= NONCES_OF_ONE_MAX || this.#used.size >= NONCES_MAX) return 'full'
    this.#used.set(key, nowS)
    this.#counts.set(peerId, count + 1)
    return 'taken'
  }

  has(peerId: string, nonce: string): boolean {
    return this.#used.has(`${peerId} ${nonce}`)
  }

  #forget(nowS: number): void {
    for (const [key, usedS] of this.#used) {
      if (usedS + NONCE_KEPT_S > nowS) return
      this.#used.delete(key)
      const peerId = key.slice(0, key.indexOf(' '))
      const left = (this.#counts.get(peerId) ?? 1) - 1
      if (left === 0) this.#counts.delete(peerId)
      else this.#counts.set(peerId, left)
    }
  }
}
