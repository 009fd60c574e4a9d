import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { neededNode } from '../../../src/node-version.ts'

const root = join(import.meta.dirname, '../../..')

for (const runtime of ['Bun', 'Deno']) {
  test(`the library and the command say in one line that ${runtime} can't run them`, () => {
    const preload = `data:text/javascript,globalThis.${runtime}={}`
    const library = ['--input-type=module', '-e', `await import('${root}/src/index.ts')`]
    const command = [join(root, 'bin/grove.js'), '--version']

    for (const program of [library, command]) {
      const { stderr, status } = spawnSync(process.execPath, ['--import', preload, ...program], {
        encoding: 'utf8',
      })
      assert.equal(status, 1)
      const told = stderr.split('\n').filter((line) => line.includes(`this is ${runtime}`))
      assert.equal(told.length, 1, stderr)
      assert.match(told[0] ?? '', new RegExp(`needs Node ${neededNode} or newer`))
    }
  })
}
