import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

test('an error is logged with its code, its stack and the stack of its cause', () => {
  const script = `
    import { GroveError } from '${new URL('../../../src/core/errors.ts', import.meta.url)}'
    import { stderrLog } from '${new URL('../../../src/log.ts', import.meta.url)}'
    const cause = new TypeError('the root of it')
    const err = new GroveError('storage-failed', { file: 'f' }, { cause })
    stderrLog('info').error('round failed', { err })`

  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })

  const { msg, err } = JSON.parse(stderr)
  assert.deepEqual([msg, err.code, err.details], ['round failed', 'storage-failed', { file: 'f' }])
  assert.match(
    err.stack,
    /storage-failed: file f\n {4}at [\s\S]*caused by: TypeError: the root of it\n {4}at /,
  )
})
