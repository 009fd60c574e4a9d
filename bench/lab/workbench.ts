import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const grove = join(import.meta.dirname, '../../bin/grove.js')

/** A grove that runs as a process, from dist/. */
export interface GroveProcess {
  readonly url: string
  /** Its peak memory so far; undefined where the system doesn't tell it. */
  peakMemoryBytes(): number | undefined
  /** Its memory now; undefined where the system doesn't tell it. */
  memoryBytes(): number | undefined
  /** The processor time of all its threads so far; undefined where the system doesn't tell it. */
  cpuSeconds(): number | undefined
  /** What it has written to the disk so far; undefined where the system doesn't tell it. */
  writtenBytes(): number | undefined
  /** Sends SIGTERM; resolves when it has ended. */
  stop(): Promise<void>
  /** Sends SIGKILL; resolves when it has ended. */
  kill(): Promise<void>
}

/** Owns what a run must not leave behind: processes, and one directory. */
export class Workbench implements AsyncDisposable {
  readonly dir: string
  readonly #children = new Set<ChildProcess>()
  #made = 0

  private constructor(dir: string) {
    this.dir = dir
  }

  static async open(parent: string = tmpdir()): Promise<Workbench> {
    return new Workbench(await mkdtemp(join(parent, 'grove-bench-')))
  }

  /** A new path below the directory. */
  path(name: string): string {
    return join(this.dir, `${name}-${++this.#made}`)
  }

  /** Starts `grove serve` on a free port. Resolves when it is ready. */
  async serve(dir: string, ...flags: readonly string[]): Promise<GroveProcess> {
    const args = [grove, 'serve', '--dir', dir, '--port', '0', '--log-level', 'error', ...flags]
    const child = this.#own(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }))
    const end = async (signal: NodeJS.Signals) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
    return {
      url: await readyUrl(child),
      peakMemoryBytes: () => memoryOf(child, 'VmHWM'),
      memoryBytes: () => memoryOf(child, 'VmRSS'),
      cpuSeconds: () => cpuSecondsOf(child),
      writtenBytes: () => writtenBytesOf(child),
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    }
  }

  /** Starts a program of the folder processes/, which takes messages. */
  fork(program: string): ChildProcess {
    return this.#own(
      fork(join(import.meta.dirname, 'processes', program), [], { serialization: 'advanced' }),
    )
  }

  /** Ends everything without waiting, when a run is interrupted. */
  abandon(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exits = [...this.#children].map((child) => once(child, 'exit'))
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(exits)
    rmSync(this.dir, { recursive: true, force: true })
  }

  #own(child: ChildProcess): ChildProcess {
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }
}

/** The difference of two readings that the system may not tell. */
export function since(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

async function readyUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('grove has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^grove listening on (http:\S+)$/.exec(line) ?? []
    if (url !== undefined) return url
  }
  throw new Error('grove ended before it was ready')
}

/** The resident set, or its high-water mark (proc(5), status). */
function memoryOf({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): number | undefined {
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(ofProcess(pid, 'status')) ?? []
  return kib === undefined ? undefined : Number(kib) * 1024
}

/**
 * The time that its threads have run, in nanoseconds: the first field of each one's schedstat. The
 * figures for the whole process (proc(5), stat) are in hundredths of a second, too coarse for the
 * few hundred publishes of a turn. Threads that have ended are left out; a grove's last as long as
 * it does.
 */
function cpuSecondsOf({ pid }: ChildProcess): number | undefined {
  const threads = threadsOf(pid).map((thread) => ofProcess(pid, `task/${thread}/schedstat`))
  const nanoseconds = threads.map((text) => Number(text.split(' ')[0]))
  const sum = nanoseconds.reduce((all, one) => all + one, 0)
  return sum > 0 ? sum / 1e9 : undefined
}

/** The threads of a process by their numbers; none where the system doesn't tell them. */
function threadsOf(pid: number | undefined): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** `write_bytes` of io (proc(5)): the pages that it made dirty, checkpoints among them. */
function writtenBytesOf({ pid }: ChildProcess): number | undefined {
  const [, bytes] = /^write_bytes: (\d+)$/m.exec(ofProcess(pid, 'io')) ?? []
  return bytes === undefined ? undefined : Number(bytes)
}

/** A file of a process in /proc; empty where there is none. */
function ofProcess(pid: number | undefined, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return ''
  }
}
