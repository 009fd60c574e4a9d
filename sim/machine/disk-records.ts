import type { JsonObject } from '../../src/core/canonical.ts'
import { MemoryRecords } from '../../src/stores/memory/records.ts'

/** Records that know their spaces, so that a copied disk has all of them. */
export class DiskRecords extends MemoryRecords {
  readonly #spaces = new Set<string>()

  override set(space: string, key: string, value: JsonObject): Promise<void> {
    this.#spaces.add(space)
    return super.set(space, key, value)
  }

  override compareAndSet(
    space: string,
    key: string,
    expected: JsonObject | undefined,
    next: JsonObject,
  ): Promise<boolean> {
    this.#spaces.add(space)
    return super.compareAndSet(space, key, expected, next)
  }

  async copy(from: DiskRecords): Promise<void> {
    for (const space of from.#spaces)
      for (const { key, value } of await from.list(space)) await this.set(space, key, value)
  }
}
