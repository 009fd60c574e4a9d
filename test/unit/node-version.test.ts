import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '../..')

for (const runtime of ['bun', 'deno'] as const) {
  test(`${runtime} is refused in one line, as a command and as a library`, () => {
    const pretend = `process.versions.${runtime} = '1.2.3'`
    const load = (path: string) =>
      spawnSync(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          `Object.defineProperty(process, 'versions', { value: { ...process.versions } });
          ${pretend}; await import(${JSON.stringify(pathToFileURL(join(root, path)).href)})
            .catch((error) => { process.exitCode = 1; console.error(error.stack) })`,
        ],
        { encoding: 'utf8' },
      )

    const [command, library] = [load('bin/grove.js'), load('src/index.ts')]

    for (const { status, stderr } of [command, library]) {
      assert.equal(status, 1, stderr)
      assert.match(
        stderr,
        new RegExp(`^grove runs on Node only, and this is ${runtime}: [^\n]*\n$`, 'i'),
      )
    }
  })
}
