import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import Database from 'better-sqlite3'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails, groveJson, groveText, runGrove } from '../../support/processes/run-grove.ts'

let folder = ''
const at = (name: string) => join(folder, name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-withstand-'))
})

after(async () => {
  if (folder !== '') await chmod(folder, 0o755)
  await rm(folder, { recursive: true, force: true })
})

test('a port that is taken is told in one line, and the directory is left as it was', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }

  const line = await groveFails(7, ['serve', '--dir', at('port'), '--port', String(port)])

  assert.match(line, new RegExp(`${port}.*--port`))
  await new Promise((resolve) => server.close(resolve))
  await groveText(['init', at('port')])
})

test('a directory that another grove has open is refused to a second one, and the first serves on', async () => {
  const first = await serveGrove(at('locked'))

  const line = await groveFails(7, ['serve', '--dir', at('locked'), '--port', '0'])

  assert.ok(line.includes(at('locked')), line)
  assert.equal((await fetch(`${first.url}/readyz`)).status, 200)
  await first.stop()
})

test('the lock of a grove that was killed holds nobody up', async () => {
  const first = await serveGrove(at('killed'))
  await first.kill()

  const text = await groveText(['contribute', '--summary', 'after the kill', '--dir', at('killed')])

  assert.match(text, /^blake3:/)
})

test('a directory that can not be written is told in one line', async (context) => {
  const dir = at('read-only')
  const arranged = await arrangeReadOnly(dir)
  if (!arranged)
    return context.skip('root writes anywhere, and this file system knows no immutable flag')
  try {
    const line = await groveFails(4, ['serve', '--dir', dir, '--port', '0'])

    assert.ok(line.includes(dir), line)
  } finally {
    if (process.getuid?.() === 0) spawnSync('chattr', ['-i', dir])
    await chmod(dir, 0o755)
  }
})

/** By rights where they bind this user; root is bound by an immutable flag alone. */
async function arrangeReadOnly(dir: string): Promise<boolean> {
  await mkdir(dir)
  await chmod(dir, 0o555)
  return process.getuid?.() !== 0 || spawnSync('chattr', ['+i', dir]).status === 0
}

test('a file where the directory should be is told in one line', async () => {
  await writeFile(at('file'), '')

  const { code, stderr } = await runGrove(['serve', '--dir', at('file'), '--port', '0'])

  assert.notEqual(code, 0)
  assert.match(stderr, /^grove: [^\n]+\n$/)
})

test('a database that a newer grove wrote is refused and left as it is', async () => {
  const dir = at('newer')
  await groveText(['init', dir])
  const path = await databaseOf(dir)
  const database = new Database(path)
  const version = database.pragma('user_version', { simple: true }) as number
  database.pragma(`user_version = ${version + 1_000}`)
  database.close()

  const line = await groveFails(7, ['serve', '--dir', dir, '--port', '0'])

  assert.match(line, /newer/)
  const after = new Database(path, { readonly: true })
  assert.equal(after.pragma('user_version', { simple: true }), version + 1_000)
  after.close()
})

async function databaseOf(dir: string): Promise<string> {
  const path = join(dir, 'grove.db')
  assert.ok((await stat(path)).isFile())
  return path
}

test('where there is no room for an artifact, the error is of its class, nothing of it is left, and the grove serves on', async () => {
  const grove = await serveWithRoom(at('full'), 8 * 1024)
  try {
    const where = ['--server', grove.url]
    await writeFile(at('large.bin'), Buffer.alloc(24 * 1024 * 1024, 'x'))

    const line = await groveFails(7, [
      'contribute',
      at('large.bin'),
      '--summary',
      'too much',
      ...where,
    ])

    assert.match(line, /storage-full/)
    assert.deepEqual(await groveJson<unknown[]>(['log', ...where]), [])
    assert.match(await groveText(['contribute', '--summary', 'small', ...where]), /^blake3:/)
    assert.deepEqual(await filesOver(at('full'), 1024 * 1024), [])
  } finally {
    grove.child.kill('SIGKILL')
  }
})

/** A grove whose files may not grow beyond so many KiB: what a full disk is to it. */
async function serveWithRoom(
  dir: string,
  roomKib: number,
): Promise<{ url: string; child: ChildProcess }> {
  const main = join(import.meta.dirname, '../../../src/cli/main.ts')
  // ulimit counts in blocks of 512 bytes or of 1 KiB, depending on the shell: either way less than the artifact.
  const script = `trap '' XFSZ; ulimit -f ${roomKib}; exec "$@"`
  const args = ['-c', script, 'sh', process.execPath, main, 'serve', '--dir', dir, '--port', '0']
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^grove listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, child }
  }
  throw new Error('it ended before it was ready')
}

async function filesOver(dir: string, sizeBytes: number): Promise<string[]> {
  const names = await readdir(dir, { recursive: true })
  const sizes = await Promise.all(
    names.map(async (name) => ({ name, size: (await stat(join(dir, name))).size })),
  )
  return sizes.filter(({ size }) => size > sizeBytes).map(({ name }) => name)
}
