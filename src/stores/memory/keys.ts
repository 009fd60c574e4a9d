import type { KeyStore } from '../../ports/key-store.ts'

/** A key store that keeps nothing beyond the process. */
export class MemoryKeys implements KeyStore {
  #present: string | undefined
  #next: string | undefined

  async read(): Promise<string | undefined> {
    return this.#present
  }

  async keep(pem: string): Promise<void> {
    this.#present = pem
  }

  async prepare(pem: string): Promise<void> {
    this.#next = pem
  }

  async prepared(): Promise<string | undefined> {
    return this.#next
  }

  async settle(outcome: 'take' | 'drop'): Promise<void> {
    if (outcome === 'take') this.#present = this.#next
    this.#next = undefined
  }
}
