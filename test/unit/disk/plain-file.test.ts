import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPlainFile, replaceFile } from '../../../src/disk/plain-file.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const noPipes = { skip: process.platform === 'win32' }

test(
  'of a pipe, a device, a folder or a file that is too long nothing is read',
  noPipes,
  async () => {
    await using temporary = await temporaryDirectory()
    const at = (name: string) => join(temporary.dir, name)
    execFileSync('mkfifo', [at('pipe')])
    await symlink('/dev/zero', at('device'))
    await mkdir(at('folder'))
    await writeFile(at('file'), 'abc')

    for (const name of ['pipe', 'device', 'folder'])
      assert.equal(await readPlainFile(at(name), 10), undefined, name)
    assert.equal(await readPlainFile(at('file'), 2), undefined)
    assert.equal((await readPlainFile(at('file'), 3))?.toString(), 'abc')
    await assert.rejects(readPlainFile(at('none'), 3), { code: 'ENOENT' })
  },
)

test('a file is replaced, and what a link leads to stays', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  for (const name of ['a', 'b']) await writeFile(at(name), 'precious')
  await symlink('a', at('note'))
  await symlink('b', at('note.new'))

  await replaceFile(at('note'), 'new', 0o600)

  assert.equal(await readFile(at('note'), 'utf8'), 'new')
  assert.equal((await stat(at('note'))).mode & 0o077, 0)
  assert.equal(await readFile(at('a'), 'utf8'), 'precious')
  assert.equal(await readFile(at('b'), 'utf8'), 'precious')
  assert.deepEqual((await readdir(temporary.dir)).sort(), ['a', 'b', 'note'])
})
