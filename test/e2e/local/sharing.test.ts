import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import { openGrove } from '../../../src/index.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft, postJson } from '../../support/http.ts'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { mcpSession } from '../../support/processes/mcp-session.ts'
import { groveJson, groveText } from '../../support/processes/run-grove.ts'

const at = testFolder()

const summaries = (dir: string) =>
  groveJson<ContributionView[]>(['log', '--dir', dir]).then((items) =>
    items.map(({ summary }) => summary).toSorted(),
  )

test('two MCP sessions and the command line use one directory at once', async () => {
  const dir = at('sessions')
  await groveText(['init', dir])
  await using first = await mcpSession('--dir', dir)
  await using second = await mcpSession('--dir', dir, '--files', at('.'))
  await writeFile(at('notes.txt'), 'of the second session')

  const { cid } = await first.call<{ cid: string }>('grove_submit_work', { summary: 'first' })
  await second.call('grove_submit_work', {
    summary: 'second',
    files: { 'notes.txt': at('notes.txt') },
    relations: [{ targetCid: cid, relationType: 'derives_from' }],
  })
  await groveText(['contribute', '--dir', dir, '--summary', 'third', '--parent', cid])

  const { children } = await first.call<{ children: object[] }>('grove_tree', { cid })
  assert.equal(children.length, 2)
  assert.deepEqual(await summaries(dir), ['first', 'second', 'third'])
})

test('a library uses the directory of a server, and a server that of a library', async () => {
  const dir = at('library')
  const served = await serveGrove(dir)
  try {
    await using grove = await openGrove({ dir })
    const { cid } = await grove.publish({ ...plainDraft, artifacts: { a: 'bytes' } })

    assert.equal(
      (await groveJson<ContributionView>(['show', cid, '--server', served.url])).cid,
      cid,
    )
    const { source } = await grove.fetchRemoteContribution(cid)
    assert.equal(source.own, true, 'what comes through the socket is of this machine')
    assert.deepEqual(await grove.peers(), [])
    await assert.rejects(openGrove({ dir, listen: {} }), withCode('storage-locked', dir))
    await served.stop()
    assert.equal((await grove.get(cid))?.cid, cid)
  } finally {
    await served.kill()
  }
})

test('by the socket of a directory work is own, and over HTTP it is foreign', async () => {
  const dir = at('own')
  const served = await serveGrove(dir)
  try {
    await using grove = await openGrove({ dir })
    const { hash } = await grove.api.uploadBlob(Buffer.from('x'))
    const artifacts = { a: hash, 'x-u-.envrc': hash }
    const own = await grove.publish({ ...plainDraft, artifacts })
    const draft = { ...plainDraft, summary: 'foreign', artifacts }
    const foreign = await postJson<ContributionView>(served.url, '/api/contributions', draft, 201)
    const written = async (cid: string) => (await grove.checkout(cid, at(cid))).files.length

    assert.deepEqual([await written(own.cid), await written(foreign.cid)], [2, 1])
  } finally {
    await served.kill()
  }
})

test('a server takes the directory over from a session, which goes on as its guest', async () => {
  const dir = at('taken-over')
  await groveText(['init', dir])
  await using session = await mcpSession('--dir', dir)
  await session.call('grove_submit_work', { summary: 'before' })

  const served = await serveGrove(dir)
  try {
    const { cid } = await session.call<{ cid: string }>('grove_submit_work', { summary: 'after' })

    const items = await groveJson<ContributionView[]>(['log', '--server', served.url])
    assert.deepEqual(items.map(({ summary }) => summary).toSorted(), ['after', 'before'])
    assert.ok(items.some((item) => item.cid === cid))
  } finally {
    await served.kill()
  }
})

test('a directory is shared by a symbolic link to it, and by a path too long for a socket', async () => {
  const long = at(join('deep'.repeat(30), 'deeper'.repeat(30), 'grove'))
  await groveText(['init', long])
  await symlink(long, at('short'))
  await using grove = await openGrove({ dir: long })
  await grove.publish({ ...plainDraft, summary: 'by the long path' })

  await groveText(['contribute', '--dir', at('short'), '--summary', 'by the link'])

  assert.ok(Buffer.byteLength(join(long, 'run/socket')) > 107)
  assert.deepEqual(await summaries(long), ['by the link', 'by the long path'])
})

test('the socket that a killed process has left is harmless', async () => {
  const dir = at('stale')
  const served = await serveGrove(dir)
  await groveText(['contribute', '--dir', dir, '--summary', 'while served'])
  await served.kill()

  assert.ok((await stat(join(dir, 'run/socket'))).isSocket())
  await using session = await mcpSession('--dir', dir)
  await session.call('grove_submit_work', { summary: 'after the kill' })
  assert.deepEqual(await summaries(dir), ['after the kill', 'while served'])
})

test('another user cannot reach the socket', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can become another user')
  const dir = at('private')
  await mkdir(dir, { mode: 0o755 })
  await chmod(join(dir, '..'), 0o755)
  await using grove = await openGrove({ dir })
  await grove.publish(plainDraft)
  const socket = join(dir, 'run/socket')

  const connects = `require('node:net').connect(process.argv[1])
    .on('connect', () => process.exit(0)).on('error', ({ code }) => { console.log(code); process.exit(1) })`
  const outcome = (options: object) =>
    spawnSync(process.execPath, ['-e', connects, socket], {
      encoding: 'utf8',
      cwd: '/',
      ...options,
    })

  const [self, stranger] = [outcome({}), outcome({ uid: 65_534, gid: 65_534 })]
  assert.equal(self.status, 0)
  assert.equal(stranger.stdout.trim(), 'EACCES', stranger.stderr)
  assert.equal((await stat(join(dir, 'run'))).mode & 0o777, 0o700)
  assert.equal((await stat(socket)).mode & 0o777, 0o600)
})
