import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnvironment } from './environment.ts'

const main = join(import.meta.dirname, '../../../src/cli/main.ts')
const shiftedClock = new URL('shifted-clock.ts', import.meta.url)

/** A grove that runs as a process. */
export interface GroveProcess {
  readonly url: string
  readonly child: ChildProcess
  /** Its log so far. */
  log(): string
  /** Sends SIGKILL; resolves when it has ended. */
  kill(): Promise<void>
  /** Sends SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>
}

/** Runs the command line from its sources, with the Node of the test. */
export function spawnGrove(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawnNode([main, ...args], env)
}

function spawnNode(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  within: readonly string[] = [],
): ChildProcess {
  const [command = process.execPath, ...before] = [...within, process.execPath]
  return spawn(command, [...before, ...args], {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/**
 * Starts `grove serve` on a free port and waits for its ready line. Rounds are short; later flags
 * win.
 */
export function serveGrove(dir: string, ...flags: readonly string[]): Promise<GroveProcess> {
  return serveAt({}, dir, ...flags)
}

/** How a grove is started. */
export interface Start {
  /** The main file of the command line of another version. Default: this one. */
  readonly version?: string
  /** What goes before the command, such as one that enters another network. */
  readonly within?: readonly string[]
  /** How far ahead its clock is of that of the system. */
  readonly aheadMs?: number
  /** Told of the process, long before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void
}

/** The same for a process that is started in another way. */
export async function serveAt(
  { version = main, within = [], aheadMs = 0, onSpawn = () => {} }: Start,
  dir: string,
  ...flags: readonly string[]
): Promise<GroveProcess> {
  const rounds = ['--gossip-interval', '500ms', '--sync-interval', '500ms']
  const args = ['serve', '--dir', dir, '--port', '0', ...rounds, ...flags]
  const ahead = aheadMs === 0 ? [] : ['--import', `${shiftedClock}?ms=${aheadMs}`]
  const child = spawnNode([...ahead, version, ...args], {}, within)
  onSpawn(child)
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const url = await Promise.race([
    readyUrl(child),
    exited.then((code) => Promise.reject(new Error(`grove exited with ${code}: ${log}`))),
  ])
  return {
    url,
    child,
    log: () => log,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

async function readyUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('grove has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^grove listening on (http:\S+)$/.exec(line)
    if (ready?.[1] !== undefined) return ready[1]
    throw new Error(`not the ready line: ${line}`)
  }
  // It has ended, and its exit is reported instead.
  return new Promise(() => {})
}
