import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { groveText } from './processes/run-grove.ts'

/** A folder for the tests of one file, with work in `work/` that can be contributed. Call it once, outside of tests; gives places in it. */
export function folderWithWork(): (name: string) => string {
  let folder = ''
  const at = (name: string) => join(folder, name)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-cli-'))
    await mkdir(at('work'))
    await writeFile(at('work/train.py'), 'rate = 0.1\nsteps = 10\n')
    await writeFile(at('work/config.json'), '{"rate":0.1}')
  })
  after(() => rm(folder, { recursive: true, force: true }))
  return at
}

/** The first digits of a cid, as the command line prints them. */
export const digits = (cid: string): string => cid.slice('blake3:'.length, 'blake3:'.length + 12)

/** Publishes and returns the content id that the command printed. */
export async function contribute(where: readonly string[], ...args: string[]): Promise<string> {
  const cid = (await groveText(['contribute', ...args, ...where])).trimEnd()
  assert.match(cid, /^blake3:[0-9a-f]{64}$/)
  return cid
}
