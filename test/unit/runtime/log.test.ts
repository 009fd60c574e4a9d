import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

test('an error is logged with its code, its stack and the stack of its cause', () => {
  const script = `
    import { GroveError } from '${new URL('../../../src/core/errors.ts', import.meta.url)}'
    import { stderrLog } from '${new URL('../../../src/log.ts', import.meta.url)}'
    const cause = new TypeError('the root of it')
    const err = new GroveError('storage-failed', { file: 'f' }, { cause })
    stderrLog('info', process.stderr).error('round failed', { err })`

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

test('whoever does not read the log holds up nothing, and learns how much was lost', async () => {
  const lines = 30_000
  const script = `
    import { stderrLog } from '${new URL('../../../src/log.ts', import.meta.url)}'
    const log = stderrLog('info', process.stderr)
    for (let n = 0; n < ${lines}; n++) log.info('a line', { n })
    process.stdin.once('data', () => {
      log.info('the last line')
      process.stdin.destroy()
    })
    process.stderr.once('drain', () => process.stdout.write('drained'))
    process.stdout.write('written')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  const drained = once(child.stdout, 'data')

  let text = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await drained
  child.stdin.end('go on')
  await once(child, 'close')

  const read = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; lost?: number })
  const told = read.filter(({ msg }) => msg === 'a line').length
  const lost = read.reduce((sum, line) => sum + (line.lost ?? 0), 0)
  assert.equal(told + lost, lines)
  assert.ok(lost > 0)
  assert.equal(read.at(-1)?.msg, 'the last line')
})

test('a warning has no stack', () => {
  const script = `
    import { stderrLog } from '${new URL('../../../src/log.ts', import.meta.url)}'
    import { GroveError } from '${new URL('../../../src/core/errors.ts', import.meta.url)}'
    const err = new GroveError('storage-full', {}, { message: 'full', cause: new Error('no room') })
    stderrLog('info', process.stderr).warn('nothing stored', { err })`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script])

  assert.deepEqual(JSON.parse(String(stderr)).err, {
    code: 'storage-full',
    message: 'full',
    details: {},
    cause: 'no room',
  })
})
