/** One life of a program on a machine. When it is killed, what it was waiting for never comes. */
export class Process {
  #alive = true
  readonly #watchers = new Set<() => void>()

  get alive(): boolean {
    return this.#alive
  }

  /** Calls back when the process is killed, unless the returned function is called before. */
  onKill(task: () => void): () => void {
    this.#watchers.add(task)
    return () => this.#watchers.delete(task)
  }

  kill(): void {
    this.#alive = false
    for (const task of this.#watchers) task()
    this.#watchers.clear()
  }

  /** The promise as the process sees it: it does not settle for the dead. */
  lived<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#alive && resolve(value),
        (error: unknown) => this.#alive && reject(error),
      )
    })
  }
}

/** What the dead wait for. */
export const never = <T>(): Promise<T> => new Promise(() => {})
