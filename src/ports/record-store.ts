import type { JsonObject } from '../core/canonical.ts'

/**
 * Small records of a grove's own, by space and key: its id, what it remembers of peers.
 *
 * Contract: a change is durable when it resolves. Throws `storage-full`, `storage-failed`.
 */
export interface RecordStore {
  get(space: string, key: string): Promise<JsonObject | undefined>
  set(space: string, key: string, value: JsonObject): Promise<void>
  /**
   * Sets a record if it is the expected one, as JSON, or absent where `undefined` is expected.
   * Whether it did: of several that expect the same at once, one does.
   */
  compareAndSet(
    space: string,
    key: string,
    expected: JsonObject | undefined,
    next: JsonObject,
  ): Promise<boolean>
  delete(space: string, key: string): Promise<void>
  /** All of a space, by key (`compareText`), ascending. */
  list(space: string): Promise<{ key: string; value: JsonObject }[]>
  close(): Promise<void>
}
