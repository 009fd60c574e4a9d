import type { Clock } from '../../src/ports/clock.ts'

/** A clock that stands still until it is moved. */
export function standingClock() {
  const tasks: { at: number; task: () => void }[] = []
  const state = { now: 1_000_000 }
  const clock: Clock = {
    now: () => state.now,
    after(delayMs, task) {
      const entry = { at: state.now + delayMs, task }
      tasks.push(entry)
      return () => {
        if (tasks.includes(entry)) tasks.splice(tasks.indexOf(entry), 1)
      }
    },
    sleep: () => Promise.resolve(),
  }
  const move = (ms: number) => {
    state.now += ms
    for (const entry of tasks.filter(({ at }) => at <= state.now)) {
      tasks.splice(tasks.indexOf(entry), 1)
      entry.task()
    }
  }
  return { clock, move }
}
