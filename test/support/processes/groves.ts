import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before } from 'node:test'
import { type GroveProcess, serveGrove, serveVersion } from './grove-process.ts'

/** Groves in processes of their own, for the tests of one file. */
export interface Groves {
  /** A place in the folder of this file, which is gone afterwards. */
  at(name: string): string
  /** Serves a grove that keeps itself at that place, until the test ends. */
  start(name: string, ...flags: string[]): Promise<GroveProcess>
  /** The same with another version, named by the main file of its command line. */
  startVersion(version: string, name: string, ...flags: string[]): Promise<GroveProcess>
}

/** Call it once, outside of tests: it sets up and cleans up. */
export function groves(): Groves {
  let folder = ''
  let running: GroveProcess[] = []
  const at = (name: string) => join(folder, name)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-test-'))
  })
  afterEach(async () => {
    await Promise.all(running.map((grove) => grove.kill()))
    running = []
  })
  after(() => rm(folder, { recursive: true, force: true }))
  const kept = async (starting: Promise<GroveProcess>) => {
    const grove = await starting
    running.push(grove)
    return grove
  }
  return {
    at,
    start: (name, ...flags) => kept(serveGrove(at(name), ...flags)),
    startVersion: (version, name, ...flags) => kept(serveVersion(version, at(name), ...flags)),
  }
}
