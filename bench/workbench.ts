import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const grove = join(import.meta.dirname, '../bin/grove.js')

/** A grove that runs as a process of its own, from dist/. */
export interface GroveProcess {
  readonly url: string
  /** The largest amount of memory that it has held so far, in bytes; undefined where the system doesn't say. */
  peakMemory(): number | undefined
  /** Processor time of all its threads so far, in seconds; undefined where the system doesn't say. */
  processorTime(): number | undefined
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>
}

/** What a run starts and must not leave behind: processes, and one directory. */
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

  /** A path below the directory that nothing has yet. */
  path(name: string): string {
    return join(this.dir, `${name}-${++this.#made}`)
  }

  /** Starts `grove serve` on a free port and waits until it is ready. */
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
      peakMemory: () => peakMemoryOf(child),
      processorTime: () => processorTimeOf(child),
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    }
  }

  /** Starts a program of this folder that is spoken to by messages. */
  fork(program: string): ChildProcess {
    return this.#own(fork(join(import.meta.dirname, program), [], { serialization: 'advanced' }))
  }

  /** Ends all at once, without waiting: for a run that is interrupted. */
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

/** The difference of two readings that the system may not give. */
export function since(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

async function readyUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^grove listening on (http:\S+)$/.exec(line) ?? []
    if (url !== undefined) return url
  }
  throw new Error('grove ended before it was ready')
}

/** The high-water mark of the resident set, as Linux keeps it. */
function peakMemoryOf({ pid }: ChildProcess): number | undefined {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(ofProcess(pid, 'status')) ?? []
  return kib === undefined ? undefined : Number(kib) * 1024
}

/** Fields 14 and 15 of proc(5)'s stat, in user and in system mode, in hundredths of a second. The name in field 2 may hold anything. */
function processorTimeOf({ pid }: ChildProcess): number | undefined {
  const stat = ofProcess(pid, 'stat')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return user === undefined || system === undefined ? undefined : (user + system) / 100
}

/** What Linux tells of a process; empty elsewhere. */
function ofProcess(pid: number | undefined, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return ''
  }
}
