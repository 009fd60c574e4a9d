/** One run of the program on a machine. Once it is killed, nothing that it waits for settles. */
export class Process {
  #alive = true
  readonly #watchers = new Set<() => void>()

  get alive(): boolean {
    return this.#alive
  }

  /** Calls `task` when the process is killed, unless the returned function is called before. */
  onKill(task: () => void): () => void {
    this.#watchers.add(task)
    return () => this.#watchers.delete(task)
  }

  kill(): void {
    this.#alive = false
    for (const task of this.#watchers) task()
    this.#watchers.clear()
  }

  /** The promise as the process sees it: it never settles once the process is killed. */
  whileAlive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#alive && resolve(value),
        (error: unknown) => this.#alive && reject(error),
      )
    })
  }
}

/** A promise that never settles: what a killed process waits for. */
export const never = <T>(): Promise<T> => new Promise(() => {})
