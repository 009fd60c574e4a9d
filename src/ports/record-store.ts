import type { JsonObject } from '../core/canonical.ts'

/**
 * A grove's own small records, by space and key: its id, the records of its peers.
 *
 * Contract: a change is durable when it resolves. Throws `storage-full`, `storage-failed`.
 */
export interface RecordStore {
  get(space: string, key: string): Promise<JsonObject | undefined>
  set(space: string, key: string, value: JsonObject): Promise<void>
  /**
   * Sets a record if it equals `expected` as JSON; undefined expects that there is none. Resolves
   * to true if it did. Of several callers that expect the same at once, one succeeds.
   */
  compareAndSet(
    space: string,
    key: string,
    expected: JsonObject | undefined,
    next: JsonObject,
  ): Promise<boolean>
  delete(space: string, key: string): Promise<void>
  /** All records of a space, by ascending key. */
  list(space: string): Promise<{ key: string; value: JsonObject }[]>
  close(): Promise<void>
}
