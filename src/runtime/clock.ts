import type { Clock } from '../ports/clock.ts'

/** The longest delay of one Node timer, in ms. A longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** The system's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  cpu() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  after: timers((timer) => timer.unref()),
  sleep: sleepBy(timers((timer) => timer)),
}

function timers(prepared: (timer: NodeJS.Timeout) => NodeJS.Timeout): Clock['after'] {
  return (delayMs, task) => after(delayMs, task, prepared)
}

function after(
  delayMs: number,
  task: () => void,
  prepared: (timer: NodeJS.Timeout) => NodeJS.Timeout,
): () => void {
  let timer: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    const step = Math.min(leftMs, TIMER_MAX_MS)
    timer = prepared(setTimeout(() => (leftMs > step ? arm(leftMs - step) : task()), step))
  }
  arm(delayMs)
  return () => clearTimeout(timer)
}

/** A clock's `sleep`, made of its `after`. */
export function sleepBy(timers: Clock['after']): Clock['sleep'] {
  return (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = timers(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
}
