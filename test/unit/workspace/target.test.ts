/** Which directory a checkout writes into, and what it keeps of it. */
import assert from 'node:assert/strict'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { ErrorCode } from '../../../src/core/errors.ts'
import { writeWorkspace } from '../../../src/workspace/workspace.ts'
import { withCode } from '../../support/errors.ts'
import { asOrdinaryUser, NOBODY } from '../../support/files/ordinary-user.ts'
import { beforeChanges, systemError } from '../../support/files/system-calls.ts'
import { contentOf, fileOf, reader, write } from '../../support/files/workspace.ts'

let folder = ''
let umask = 0

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-workspace-'))
  umask = process.umask(0o022)
})

afterEach(async () => {
  process.umask(umask)
  await rm(folder, { recursive: true, force: true })
})

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)

test('a directory that is there is kept, with its inode and mode', async () => {
  const target = join(folder, 'work')
  await mkdir(target)
  await chmod(target, 0o2775)
  const before = await stat(target)

  await write(target, { a: '1', 'sub/b': '2' })
  await write(target, { a: '3' }, { overwrite: true })

  const after = await stat(target)
  assert.deepEqual([after.ino, after.uid, after.gid], [before.ino, before.uid, before.gid])
  assert.equal(await modeOf(target), '2775')
  assert.deepEqual(await contentOf(target), { a: '3', 'sub/b': '2' })
})

test('what is new gets the modes that the umask leaves', async () => {
  process.umask(0o027)
  const target = join(folder, 'work')
  const run = { ...fileOf('bin/run', 'x'), executable: true }

  await writeWorkspace(target, [run, fileOf('a', 'y')], reader({ 'bin/run': 'x', a: 'y' }))

  const modes = await Promise.all(['', 'bin', 'bin/run', 'a'].map((p) => modeOf(join(target, p))))
  assert.deepEqual(modes, ['750', '750', '750', '640'])
})

test('a link to a directory is followed once, and stays', async () => {
  const real = join(folder, 'real')
  await mkdir(real)
  await symlink(real, join(folder, 'link'))

  await write(join(folder, 'link'), { a: '1' })
  await write(join(folder, 'link', 'deep', 'er'), { b: '2' })

  assert.ok((await lstat(join(folder, 'link'))).isSymbolicLink())
  assert.deepEqual(await contentOf(real), { a: '1', 'deep/er/b': '2' })
})

test('a directory that can be the root of a mount is neither replaced nor removed', async () => {
  const target = join(folder, 'mount')
  await mkdir(target)
  const end = beforeChanges(({ name, paths }) => {
    if (['rename', 'rmdir', 'rm'].includes(name) && paths.includes(target))
      throw systemError('EBUSY')
  })

  try {
    await write(target, { a: '1' })
  } finally {
    end()
  }

  assert.deepEqual(await contentOf(target), { a: '1' })
})

const faults: readonly (readonly [string, string, ErrorCode, string])[] = [
  ['a file in its place', 'file', 'already-exists', 'is not a directory'],
  ['a file above it', 'file/work', 'already-exists', 'is not a directory'],
  ['a file further above it', 'file/a/b', 'already-exists', 'is not a directory'],
  ['a link that leads nowhere', 'dangling', 'not-found', 'leads nowhere'],
]

for (const [what, name, code, text] of faults) {
  test(`${what} is told, and nothing is written`, async () => {
    await writeFile(join(folder, 'file'), '')
    await symlink(join(folder, 'nothing'), join(folder, 'dangling'))

    await assert.rejects(write(join(folder, name), { a: '1' }), withCode(code, text))

    assert.deepEqual(await readdir(folder), ['dangling', 'file'])
  })
}

test('directories that were made above the target go again when the checkout fails', async () => {
  await assert.rejects(
    write(join(folder, 'a', 'b', 'work'), { x: 'right' }, { served: { x: 'wrong' } }),
    withCode('hash-mismatch'),
  )

  assert.deepEqual(await readdir(folder), [])
})

test('two paths that are one on this file system are told', async () => {
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'open' && paths[0]?.endsWith('/readme')) throw systemError('EEXIST')
  })

  try {
    await assert.rejects(
      write(join(folder, 'work'), { README: '1', readme: '2' }),
      withCode('validation-error', "'readme' and another path"),
    )
  } finally {
    end()
  }

  assert.deepEqual(await readdir(folder), [])
})

test('a directory of one’s own in one that may not be written into is filled', async () => {
  const target = join(folder, 'parent', 'work')
  await mkdir(target, { recursive: true })
  if (process.geteuid?.() === 0) await chown(target, NOBODY, NOBODY)
  await chmod(folder, 0o755)
  await chmod(join(folder, 'parent'), 0o555)

  await asOrdinaryUser(async () => {
    await write(target, { a: '1' })
    await write(target, { a: '2', 'b/c': '3' }, { overwrite: true })
    await assert.rejects(
      write(join(folder, 'parent', 'other'), { a: '1' }),
      withCode('read-only', `you may not write into ${join(folder, 'parent')}`),
    )
  })

  assert.deepEqual(await contentOf(target), { a: '2', 'b/c': '3' })
  await chmod(join(folder, 'parent'), 0o755)
})

test('a directory that may not be written into is told and left as it is', async () => {
  const target = join(folder, 'work')
  await mkdir(target)
  await writeFile(join(target, 'a'), 'old')
  await chmod(folder, 0o755)
  await chmod(target, 0o555)

  await asOrdinaryUser(() =>
    assert.rejects(
      write(target, { a: 'new' }, { overwrite: true }),
      withCode('read-only', `you may not write into ${target}`),
    ),
  )

  await chmod(target, 0o755)
  assert.deepEqual(await contentOf(target), { a: 'old' })
})

test('a path that is no UTF-8 is written with its bytes', async () => {
  const target = join(folder, 'work')
  const path = 'caf\udce9/\udcff.txt'
  await writeWorkspace(target, [fileOf(path, 'x')], reader({ [path]: 'x' }))
  await writeWorkspace(target, [fileOf(path, 'y')], reader({ [path]: 'y' }), { overwrite: true })

  const [name] = await readdir(target, { encoding: 'buffer' })
  assert.deepEqual(name, Buffer.from([0x63, 0x61, 0x66, 0xe9]))
  await rename(
    Buffer.concat([Buffer.from(`${target}/`), Buffer.from(name ?? '')]),
    join(target, 'c'),
  )
  assert.equal((await readdir(join(target, 'c'))).length, 1)
})
