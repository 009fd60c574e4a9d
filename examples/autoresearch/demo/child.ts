import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a process has to end by itself after it was asked to. */
const GRACE_MS = 5_000
/** What is kept of stderr, in characters, to be shown when the process fails. */
const TAIL_CHARS = 4_000

/**
 * A script that runs in a process of its own. It leads a process group, so that a terminal's Ctrl-C reaches only the
 * demo, which then ends its children in order.
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

  /** What it writes to stdout, line by line, until it ends. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#process.stdout! })
  }

  /** Resolves when it has ended well; else throws an error that shows what it said last. */
  async finished(): Promise<void> {
    await this.#exit
    if (this.#process.exitCode !== 0) throw this.#failure()
  }

  /** Throws when it ends, however; for what should stay until it is stopped. */
  async endedEarly(): Promise<never> {
    await this.#exit
    throw this.#failure()
  }

  /** Asks it to end, and makes it after a while. */
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
    const said = this.#tail.trim()
    return new Error(
      `${this.name} ended with ${how}${said === '' ? '' : `; the last it said:\n${said}`}`,
    )
  }
}

/** The environment without what configures a grove: the demo's groves must know each other and nobody else. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const configures = (key: string): boolean =>
    key.startsWith('GROVE_') || ['HOST', 'PORT', 'GOSSIP_SEEDS'].includes(key)
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !configures(key)))
}
