import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = join(tmpdir(), 'grove-test-')

/**
 * Makes a folder for the tests of one file, which is removed when their process ends, after all
 * hooks. Call it once, outside of tests. Returns paths in the folder.
 */
export function testFolder(): (name: string) => string {
  const folder = mkdtempSync(PREFIX)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return (name) => join(folder, name)
}

/** A directory for one test, which is removed when it is disposed of. */
export async function temporaryDirectory(): Promise<{ readonly dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(PREFIX)
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}
