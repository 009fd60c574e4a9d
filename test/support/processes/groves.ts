import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach } from 'node:test'
import { testFolder } from '../folder.ts'
import { type GroveProcess, type Start, serveAt } from './grove-process.ts'

/** Groves that run as processes, for the tests of one file. */
export interface Groves {
  /** A path in the folder of this file, which is removed afterwards. */
  at(name: string): string
  /** Serves a grove with this directory until the test ends. */
  start(name: string, ...flags: string[]): Promise<GroveProcess>
  /** The same with another version, given by the main file of its command line. */
  startVersion(version: string, name: string, ...flags: string[]): Promise<GroveProcess>
  /** The same for a process that is started in another way. */
  startAt(start: Start, name: string, ...flags: string[]): Promise<GroveProcess>
}

/** Call it once, outside of tests. It sets up and cleans up. */
export function groves(): Groves {
  const at = testFolder()
  /** What was spawned, ready or not: a test may end before a grove of it is ready. */
  const children = new Set<ChildProcess>()
  const ready = new Map<ChildProcess, GroveProcess>()
  afterEach(async () => {
    const dead = [...ready.values()].find(({ child }) => hasEnded(child) && !child.killed)
    await Promise.all([...children].map(end))
    children.clear()
    ready.clear()
    if (dead !== undefined) throw new Error(`a grove ended by itself: ${dead.log().slice(-4_000)}`)
  })
  const startAt: Groves['startAt'] = async (how, name, ...flags) => {
    const onSpawn = (child: ChildProcess) => {
      children.add(child)
      how.onSpawn?.(child)
    }
    const grove = await serveAt({ ...how, onSpawn }, at(name), ...flags)
    ready.set(grove.child, grove)
    return grove
  }
  return {
    at,
    startAt,
    start: (name, ...flags) => startAt({}, name, ...flags),
    startVersion: (version, name, ...flags) => startAt({ version }, name, ...flags),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => (exitCode ?? signalCode) !== null
