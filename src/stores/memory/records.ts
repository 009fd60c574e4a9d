import { type JsonObject, jsonEqual } from '../../core/canonical.ts'
import { compareText } from '../../core/text.ts'
import type { RecordStore } from '../../ports/record-store.ts'

/** The reference: records in maps. */
export class MemoryRecords implements RecordStore {
  readonly #spaces = new Map<string, Map<string, JsonObject>>()

  async get(space: string, key: string): Promise<JsonObject | undefined> {
    return this.#spaces.get(space)?.get(key)
  }

  async set(space: string, key: string, value: JsonObject): Promise<void> {
    this.#put(space, key, value)
  }

  async compareAndSet(
    space: string,
    key: string,
    expected: JsonObject | undefined,
    next: JsonObject,
  ): Promise<boolean> {
    const current = this.#spaces.get(space)?.get(key)
    const isExpected =
      current === undefined || expected === undefined
        ? current === expected
        : jsonEqual(current, expected)
    if (isExpected) this.#put(space, key, next)
    return isExpected
  }

  async delete(space: string, key: string): Promise<void> {
    this.#spaces.get(space)?.delete(key)
  }

  async list(space: string): Promise<{ key: string; value: JsonObject }[]> {
    return [...(this.#spaces.get(space) ?? [])]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => compareText(a.key, b.key))
  }

  async close(): Promise<void> {}

  #put(space: string, key: string, value: JsonObject): void {
    const records = this.#spaces.get(space) ?? new Map<string, JsonObject>()
    this.#spaces.set(space, records.set(key, structuredClone(value)))
  }
}
