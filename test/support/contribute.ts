import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { testFolder } from './folder.ts'
import { groveText } from './processes/run-grove.ts'

/** A `testFolder` with work in `work/` that can be contributed. */
export function folderWithWork(): (name: string) => string {
  const at = testFolder()
  mkdirSync(at('work'))
  writeFileSync(at('work/train.py'), 'rate = 0.1\nsteps = 10\n')
  writeFileSync(at('work/config.json'), '{"rate":0.1}')
  return at
}

/** The first digits of a cid, as the command line prints it. */
export const digits = (cid: string): string => cid.slice('blake3:'.length, 'blake3:'.length + 12)

/** Publishes, and returns the content id that the command prints. */
export async function contribute(where: readonly string[], ...args: string[]): Promise<string> {
  const cid = (await groveText(['contribute', ...args, ...where])).trimEnd()
  assert.match(cid, /^blake3:[0-9a-f]{64}$/)
  return cid
}
