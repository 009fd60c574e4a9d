import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { testFolder } from '../../support/folder.ts'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails, groveJson, groveText, runGrove } from '../../support/processes/run-grove.ts'

const at = testFolder()

test('a taken port is reported in one line, and the directory is left unchanged', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }

  const line = await groveFails(6, ['serve', '--dir', at('port'), '--port', String(port)])

  assert.match(line, new RegExp(`${port}.*--port`))
  await new Promise((resolve) => server.close(resolve))
  await groveText(['init', at('port')])
})

test('a second grove on the same directory is refused, and the first one goes on', async () => {
  const first = await serveGrove(at('locked'))

  const line = await groveFails(7, ['serve', '--dir', at('locked'), '--port', '0'])

  assert.ok(line.includes(at('locked')), line)
  assert.equal((await fetch(`${first.url}/readyz`)).status, 200)
  await first.stop()
})

test('the lock of a killed grove does not block the next one', async () => {
  const first = await serveGrove(at('killed'))
  await first.kill()

  const text = await groveText(['contribute', '--summary', 'after the kill', '--dir', at('killed')])

  assert.match(text, /^blake3:/)
})

test('a directory that cannot be written is reported in one line', async (context) => {
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

/** Makes a directory read-only, by permissions or, for root, by an immutable flag. */
async function arrangeReadOnly(dir: string): Promise<boolean> {
  await mkdir(dir)
  await chmod(dir, 0o555)
  return process.getuid?.() !== 0 || spawnSync('chattr', ['+i', dir]).status === 0
}

test('a file in place of the directory is reported in one line', async () => {
  await writeFile(at('file'), '')

  const { code, stderr } = await runGrove(['serve', '--dir', at('file'), '--port', '0'])

  assert.notEqual(code, 0)
  assert.match(stderr, /^grove: [^\n]+\n$/)
})

test('a database of a newer grove is refused and left unchanged', async () => {
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

test('an artifact without room is refused in words, and the grove goes on', async () => {
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

    assert.match(line, /the disk of the grove at http:\S+ is full/)
    assert.deepEqual(await groveJson<unknown[]>(['log', ...where]), [])
    assert.match(await groveText(['contribute', '--summary', 'small', ...where]), /^blake3:/)
    assert.deepEqual(await filesOver(at('full'), 1024 * 1024), [])
  } finally {
    grove.child.kill('SIGKILL')
  }
})

/** Serves a grove whose files may not exceed this size, which is like a full disk. */
async function serveWithRoom(
  dir: string,
  roomKib: number,
): Promise<{ url: string; child: ChildProcess }> {
  const main = join(import.meta.dirname, '../../../src/cli/main.ts')
  // The unit of ulimit is 512 bytes or 1 KiB, by the shell; both are less than the artifact.
  const script = `trap '' XFSZ; ulimit -f ${roomKib}; exec "$@"`
  const args = ['-c', script, 'sh', process.execPath, main, 'serve', '--dir', dir, '--port', '0']
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^grove listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, child }
  }
  throw new Error('grove ended before it was ready')
}

async function filesOver(dir: string, sizeBytes: number): Promise<string[]> {
  const names = await readdir(dir, { recursive: true })
  const sizes = await Promise.all(
    names.map(async (name) => ({ name, size: (await stat(join(dir, name))).size })),
  )
  return sizes.filter(({ size }) => size > sizeBytes).map(({ name }) => name)
}
