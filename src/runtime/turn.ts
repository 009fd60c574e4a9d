import type { NextTurn } from '../ports/stores.ts'

/** The event loop's next turn: after the input that is ready now, before any timer's delay. */
export const nextTurn: NextTurn = (task) => {
  setImmediate(task)
}
