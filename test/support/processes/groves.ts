import type { ChildProcess } from 'node:child_process'
import { afterEach } from 'node:test'
import { testFolder } from '../folder.ts'
import {
  type GroveProcess,
  type Start,
  serveAt,
  serveGrove,
  serveVersion,
} from './grove-process.ts'

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
  let running: GroveProcess[] = []
  afterEach(async () => {
    const dead = running.find(({ child }) => hasEnded(child) && !child.killed)
    await Promise.all(running.map((grove) => grove.kill()))
    running = []
    if (dead !== undefined) throw new Error(`a grove ended by itself: ${dead.log().slice(-4_000)}`)
  })
  const kept = async (starting: Promise<GroveProcess>) => {
    const grove = await starting
    running.push(grove)
    return grove
  }
  return {
    at,
    start: (name, ...flags) => kept(serveGrove(at(name), ...flags)),
    startVersion: (version, name, ...flags) => kept(serveVersion(version, at(name), ...flags)),
    startAt: (how, name, ...flags) => kept(serveAt(how, at(name), ...flags)),
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => (exitCode ?? signalCode) !== null
