import assert from 'node:assert/strict'
import { chown, cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { dialHolder } from '../../../src/api/local/dial.ts'
import { SharedGrove } from '../../../src/api/local/shared-grove.ts'
import { openGrove } from '../../../src/index.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { secretHex } from '../../../src/runtime/secret.ts'
import { lockDirectory } from '../../../src/stores/sqlite/database/lock.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft } from '../../support/http.ts'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails } from '../../support/processes/run-grove.ts'

const at = testFolder()
const dial = (dir: string) => dialHolder({ dir, clock: systemClock, secret: secretHex })

test('another grove on the port of a killed one is told nothing', async () => {
  const dir = at('killed')
  const killed = await serveGrove(dir)
  await killed.kill()
  await using other = await openGrove({ listen: { port: Number(new URL(killed.url).port) } })
  const unlock = lockDirectory(dir)
  try {
    const line = await groveFails(7, ['contribute', '--dir', dir, '--summary', 'for killed'])

    assert.match(line, /killed is in use by another grove/)
    assert.deepEqual(await other.list(), [])
    await assert.rejects(dial(dir), withCode('server-unreachable', dir))
  } finally {
    unlock()
  }
})

test('a holder without a socket is reached where it listens, and a copy leads to nobody', async () => {
  await using grove = await openGrove({ dir: at('original'), listen: {} })
  await grove.publish(plainDraft)
  const note = JSON.parse(await readFile(at('original/run/holder.json'), 'utf8')) as object
  await writeFile(at('original/run/holder.json'), JSON.stringify({ ...note, socket: undefined }))
  await mkdir(at('copy'))
  await cp(at('original/run/holder.json'), at('copy/run/holder.json'))

  const socket = await dial(at('original'))
  socket.destroy()

  await assert.rejects(dial(at('copy')), withCode('server-unreachable', at('copy')))
})

test('a directory in the place of one that is open is not taken for it', async () => {
  await using grove = await openGrove({ dir: at('place') })
  await grove.publish(plainDraft)
  await rename(at('place'), at('moved'))
  await mkdir(at('place'))
  await cp(at('moved/run/holder.json'), at('place/run/holder.json'))

  ;(await dial(at('moved'))).destroy()

  await assert.rejects(dial(at('place')), withCode('server-unreachable', at('place')))
})

test('a holder that does not answer is named', async () => {
  const dir = at('hung')
  await mkdir(join(dir, 'run'), { recursive: true, mode: 0o700 })
  const server = createServer(() => {}).listen(join(dir, 'run/socket'))
  const note = { pid: 4_242, role: 'mcp', peerId: 'p', key: 'k'.repeat(64), socket: 'socket' }
  await writeFile(join(dir, 'run/holder.json'), JSON.stringify(note))
  const hurried = {
    ...systemClock,
    after: (_: number, task: () => void) => systemClock.after(50, task),
  }

  await assert.rejects(dialHolder({ dir, clock: hurried, secret: secretHex }), (error: Error) => {
    assert.match(error.message, /process 4242 \(mcp\) has .*hung open and does not answer/)
    return withCode('storage-locked')(error)
  })
  server.close()
})

test('an address that takes no connection is given up', async () => {
  await using grove = await openGrove({ dir: at('far'), listen: {} })
  await grove.publish(plainDraft)
  const note = JSON.parse(await readFile(at('far/run/holder.json'), 'utf8')) as object
  await writeFile(at('far/run/holder.json'), JSON.stringify({ ...note, socket: undefined }))
  const impatient = {
    ...systemClock,
    after: (_: number, task: () => void) => {
      task()
      return () => {}
    },
  }

  await assert.rejects(
    dialHolder({ dir: at('far'), clock: impatient, secret: secretHex }),
    withCode('server-unreachable', at('far')),
  )
})

const isLocal = (dir: string) =>
  new SharedGrove({
    dir,
    clock: systemClock,
    secret: secretHex,
    hold: () => Promise.reject(new Error('not opened here')),
  }).api.isLocal

test("what another user's directory calls own is not this user's word", async (context) => {
  const dir = at('of-another')
  await mkdir(dir)
  assert.equal(isLocal(dir), true)
  assert.equal(isLocal(at('not-made-yet')), true)
  if (process.geteuid === undefined) return context.skip('no users here')

  const isRoot = process.geteuid() === 0
  if (isRoot) await chown(dir, 65_534, 65_534)

  assert.equal(isLocal(isRoot ? dir : '/'), false)
})
