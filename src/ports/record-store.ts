import type { JsonObject } from '../core/canonical.ts'

/**
 * Small records of a grove's own, by space and key: its id, what it remembers of peers, refusals.
 * Contract: `set` and `delete` are durable when they resolve.
 */
export interface RecordStore {
  get(space: string, key: string): Promise<JsonObject | undefined>
  set(space: string, key: string, value: JsonObject): Promise<void>
  delete(space: string, key: string): Promise<void>
  /** All of a space, by key, ascending. */
  list(space: string): Promise<{ key: string; value: JsonObject }[]>
  close(): Promise<void>
}
