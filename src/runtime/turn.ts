import type { NextTurn } from '../ports/stores.ts'

/** The event loop's next turn: after the I/O that is ready now, before any timer. */
export const nextTurn: NextTurn = (task) => {
  setImmediate(task)
}
