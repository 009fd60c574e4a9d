import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

/** Mounts a small file system in memory on a directory. Skips the test if this user may not. */
export function mount(context: TestContext, dir: string, options: string): Disposable | undefined {
  const mounting = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], {
    encoding: 'utf8',
  })
  const { status, error, stderr } = mounting
  if (status !== 0) {
    context.skip(`cannot mount a file system here: ${error?.message ?? stderr.trim()}`)
    return undefined
  }
  return { [Symbol.dispose]: () => assert.equal(spawnSync('umount', [dir]).status, 0) }
}
