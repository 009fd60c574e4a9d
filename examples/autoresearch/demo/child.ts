import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a process may take to end after it is asked to, in ms. */
const GRACE_MS = 5_000
/** Characters of stderr that are kept, to be shown if the process fails. */
const TAIL_CHARS = 4_000

/**
 * A script that runs as a process. It leads its own process group, so that a terminal's Ctrl-C
 * reaches only the demo, which then stops its children.
 */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #exit: Promise<void>
  #tail = ''

  constructor(name: string, script: string, args: readonly string[]) {
    this.name = name
    this.#process = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
      detached: true,
    })
    this.#exit = new Promise((resolve) => {
      this.#process.once('close', () => resolve())
      this.#process.once('error', (error) => {
        this.#tail += error.message
        resolve()
      })
    })
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#tail = `${this.#tail}${chunk}`.slice(-TAIL_CHARS)
    })
  }

  /** The lines of its stdout, until it ends. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#process.stdout! })
  }

  /**
   * Resolves when it has ended with exit code 0. Else throws an error with the end of its stderr.
   */
  async finished(): Promise<void> {
    await this.#exit
    if (this.#process.exitCode !== 0) throw this.#failure()
  }

  /** Throws when it ends, with any exit code: for a process that should run until it is stopped. */
  async endedEarly(): Promise<never> {
    await this.#exit
    throw this.#failure()
  }

  /** Asks it to end, and kills it if it takes too long. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    const graceOver = new AbortController()
    const kill = delay(GRACE_MS, undefined, { signal: graceOver.signal }).then(
      () => this.#process.kill('SIGKILL'),
      () => {},
    )
    await this.#exit
    graceOver.abort()
    await kill
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }

  #failure(): Error {
    const how = this.#process.signalCode ?? `exit code ${this.#process.exitCode}`
    const tail = this.#tail.trim()
    return new Error(
      `${this.name} ended with ${how}${tail === '' ? '' : `; the end of its stderr:\n${tail}`}`,
    )
  }
}

/** The environment without what configures a grove: the demo's groves must know only each other. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const configures = (key: string): boolean =>
    key.startsWith('GROVE_') || ['HOST', 'PORT', 'GOSSIP_SEEDS'].includes(key)
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !configures(key)))
}
