import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { GroveError } from '../core/errors.ts'
import { COMPLETE_BORROWER, COMPLETE_PARTIAL, endOf } from './run.ts'
import type { ShadowGit } from './shadow.ts'

type Batch = ChildProcessByStdio<Writable, Readable, null>

/**
 * Reads objects by one process of git, one after the other: who opens the next waits until the
 * one before is read, or no longer wanted.
 */
export class GitObjects implements AsyncDisposable {
  readonly #git: ShadowGit
  #batch: { readonly child: Batch; readonly ended: Promise<number> } | undefined
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of the object under way that are still to come. */
  #left = 0
  /** 1 where the line feed after the last object is still to come. */
  #owed = 0
  #free: Promise<void> = Promise.resolve()

  constructor(git: ShadowGit) {
    this.#git = git
  }

  /** The bytes of an object. Throws `usage-error` if the repository lacks it. */
  async *open(object: string): AsyncGenerator<Uint8Array> {
    const { promise, resolve: free } = Promise.withResolvers<void>()
    const before = this.#free
    this.#free = promise
    await before
    try {
      const child = this.#started()
      child.stdin.write(`${object}\n`)
      await this.#readHeader(child, object)
      while (this.#left > 0) yield await this.#next(child)
    } finally {
      if (this.#left > 0) this.#stop()
      free()
    }
  }

  #started(): Batch {
    if (this.#batch === undefined) {
      const { cwd, env, signal } = this.#git.place
      const child = spawn('git', ['cat-file', '--batch'], {
        cwd,
        env: { ...env },
        stdio: ['pipe', 'pipe', 'ignore'],
        ...(signal && { signal }),
      })
      // What it misses shows in its output, which then ends.
      child.stdin.on('error', () => {})
      this.#batch = { child, ended: endOf(child, signal) }
    }
    return this.#batch.child
  }

  /** Reads the line before an object's bytes: `<id> <type> <size>`. */
  async #readHeader(child: Batch, object: string): Promise<void> {
    // Until the size is known, there is something left to read.
    this.#left = 1
    while (!this.#rest.subarray(this.#owed).includes('\n'))
      this.#rest = Buffer.concat([this.#rest, await this.#more(child)])
    const header = this.#rest.subarray(this.#owed)
    const end = header.indexOf('\n')
    this.#rest = header.subarray(end + 1)
    const [, size] = /^\w+ \w+ (\d+)$/.exec(header.subarray(0, end).toString('latin1')) ?? []
    this.#left = Number(size ?? 0)
    this.#owed = size === undefined ? 0 : 1
    if (size === undefined) throw lacking(object)
  }

  async #next(child: Batch): Promise<Buffer> {
    if (this.#rest.length === 0) this.#rest = await this.#more(child)
    const chunk = this.#rest.subarray(0, this.#left)
    this.#rest = this.#rest.subarray(chunk.length)
    this.#left -= chunk.length
    return chunk
  }

  async #more(child: Batch): Promise<Buffer> {
    for (;;) {
      const chunk = child.stdout.read() as Buffer | null
      if (chunk !== null) return chunk
      if (child.stdout.readableEnded || child.stdout.destroyed) throw await this.#ending()
      await new Promise<void>((resolve) => {
        const events = ['readable', 'end', 'close', 'error'] as const
        const done = () => {
          for (const event of events) child.stdout.off(event, done)
          resolve()
        }
        for (const event of events) child.stdout.on(event, done)
      })
    }
  }

  async #ending(): Promise<GroveError> {
    const code = await this.#batch?.ended
    const message = `git cat-file ended with ${code} before everything was read`
    return new GroveError('usage-error', {}, { message })
  }

  #stop(): void {
    this.#batch?.child.kill()
    this.#batch = undefined
    this.#rest = Buffer.alloc(0)
    this.#left = 0
    this.#owed = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#batch?.ended
    this.#stop()
    await ended?.catch(() => {})
  }
}

function lacking(object: string): GroveError {
  const hints = `${COMPLETE_BORROWER}; ${COMPLETE_PARTIAL}`
  const message = `the repository has no object ${object}: ${hints}`
  return new GroveError('usage-error', { object }, { message })
}
