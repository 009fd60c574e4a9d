/** Does work of several steps with others in between: `turn` waits until the next may begin. */
export async function inTurns<T>(
  steps: Generator<void, T, void>,
  turn: () => Promise<void> | undefined,
): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const waiting = turn()
    if (waiting !== undefined) await waiting
  }
}
