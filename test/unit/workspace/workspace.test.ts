import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { OpenFile } from '../../../src/workspace/file.ts'
import { writeWorkspace } from '../../../src/workspace/workspace.ts'
import { withCode } from '../../support/errors.ts'
import { fileOf, write } from '../../support/files/workspace.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-workspace-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('files are written under their names, with folders', async () => {
  const target = join(folder, 'deep', 'work')

  await write(target, { 'train.py': 'print(1)', 'src/lib/model.py': 'x = 2' })

  assert.equal(await readFile(join(target, 'train.py'), 'utf8'), 'print(1)')
  assert.equal(await readFile(join(target, 'src/lib/model.py'), 'utf8'), 'x = 2')
})

test('a contribution without artifacts gives an empty directory', async () => {
  await write(join(folder, 'empty'), {})

  assert.deepEqual(await readdir(join(folder, 'empty')), [])
})

test('an empty directory is filled, and one with content is refused', async () => {
  const target = join(folder, 'work')
  await mkdir(target)

  await write(target, { a: '1' })

  await assert.rejects(write(target, { b: '2' }), withCode('directory-not-empty'))
  assert.deepEqual(await readdir(target), ['a'])
})

test('with overwrite, files with the same names are replaced and others stay', async () => {
  const target = join(folder, 'work')
  await mkdir(target)
  await writeFile(join(target, 'a'), 'old')
  await writeFile(join(target, 'mine'), 'kept')

  await write(target, { a: 'new', 'sub/b': '2' }, { overwrite: true })

  assert.equal(await readFile(join(target, 'a'), 'utf8'), 'new')
  assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'kept')
  assert.equal(await readFile(join(target, 'sub/b'), 'utf8'), '2')
})

for (const name of [
  '../out',
  '/etc/x',
  'a/../../b',
  'a//b',
  'a/./b',
  'a\0b',
  'a/.grove-checkout-x/b',
  '',
]) {
  test(`the name ${JSON.stringify(name)} is refused before anything is written`, async () => {
    await assert.rejects(
      write(join(folder, 'work'), { ok: '1', [name]: '2' }),
      withCode('validation-error'),
    )

    assert.deepEqual(await readdir(folder), [])
  })
}

test('a name below another artifact is refused', async () => {
  await assert.rejects(
    write(join(folder, 'work'), { a: '1', 'a/b': '2' }),
    withCode('validation-error'),
  )
})

test('a symbolic link in the workspace is not followed out of it', async () => {
  const target = join(folder, 'work')
  const outside = join(folder, 'outside')
  await mkdir(target)
  await mkdir(outside)
  await symlink(outside, join(target, 'sub'))

  await assert.rejects(write(target, { 'sub/a': '1' }, { overwrite: true }), withCode('refused'))

  assert.deepEqual(await readdir(outside), [])
})

test("a symbolic link in a file's place is replaced, and its target is untouched", async () => {
  const target = join(folder, 'work')
  await mkdir(target)
  await writeFile(join(folder, 'secret'), 'keep')
  await symlink(join(folder, 'secret'), join(target, 'a'))

  await write(target, { a: 'new' }, { overwrite: true })

  assert.equal(await readFile(join(folder, 'secret'), 'utf8'), 'keep')
  assert.equal(await readFile(join(target, 'a'), 'utf8'), 'new')
})

test('wrong bytes leave no directory and no temporary files', async () => {
  await assert.rejects(
    write(join(folder, 'work'), { good: '1', bad: 'right' }, { served: { bad: 'wrong' } }),
    withCode('hash-mismatch'),
  )

  assert.deepEqual(await readdir(folder), [])
})

test('an abort in the middle leaves no directory and no temporary files', async () => {
  const controller = new AbortController()
  const endless: OpenFile = async function* () {
    for (let sent = 0; ; sent++) {
      if (sent === 10) controller.abort()
      yield new Uint8Array(1024)
    }
  }

  await assert.rejects(
    writeWorkspace(join(folder, 'work'), [fileOf('endless', '')], endless, {
      signal: controller.signal,
    }),
  )

  assert.deepEqual(await readdir(folder), [])
})
