/** Replacing files in a directory that has others: all of them or none. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import {
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writeWorkspace } from '../../../src/workspace/workspace.ts'
import { withCode } from '../../support/errors.ts'
import { beforeChanges, systemError } from '../../support/files/system-calls.ts'
import { contentOf, fileOf, reader, write } from '../../support/files/workspace.ts'

let folder = ''
let target = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-workspace-'))
  target = join(folder, 'work')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const overwrite = { overwrite: true } as const

test("a grove's own files are not overwritten, from wherever they are named", async () => {
  await occupy({ 'grove.db': 'own', 'blobs/aa/x': 'own', 'grove.json': '{}', 'work.txt': 'old' })

  const cases: [string, string][] = [
    [target, 'grove.json'],
    [target, 'ID'],
    [target, 'identity.pem'],
    [target, 'blobs/aa/x'],
    [join(target, 'blobs'), 'new'],
    [folder, 'work/grove.db'],
  ]
  for (const [directory, path] of cases)
    await assert.rejects(write(directory, { [path]: 'foreign' }, overwrite), withCode('refused'))
  await write(target, { 'work.txt': 'new' }, overwrite)

  assert.deepEqual(await contentOf(target), {
    'grove.db': 'own',
    'blobs/aa/x': 'own',
    'grove.json': '{}',
    'work.txt': 'new',
  })
})

async function occupy(texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await writeFile(join(target, path), text)
  }
}

test('a folder where a file has to be is refused before anything is replaced', async () => {
  await occupy({ a: 'old', 'z/inner': 'kept' })

  await assert.rejects(
    write(target, { a: 'new', z: 'file' }, overwrite),
    withCode('already-exists', 'is a folder'),
  )

  assert.deepEqual(await contentOf(target), { a: 'old', 'z/inner': 'kept' })
})

test('a failure in the middle leaves every file as it was', async () => {
  await occupy({ a: 'old a', b: 'old b', 'sub/c': 'old c' })
  const before = await lstat(join(target, 'a'))
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'rename' && paths[1] === join(target, 'sub/c')) throw systemError('EIO')
  })

  try {
    const texts = { a: '1', b: '2', 'new/d': '3', 'sub/c': '4' }
    await assert.rejects(write(target, texts, overwrite), withCode('storage-failed'))
  } finally {
    end()
  }

  assert.deepEqual(await contentOf(target), { a: 'old a', b: 'old b', 'sub/c': 'old c' })
  assert.deepEqual(await readdir(target), ['a', 'b', 'sub'])
  assert.equal((await lstat(join(target, 'a'))).ino, before.ino)
})

test('the same holds where the file system has no hard links', async () => {
  await occupy({ a: 'old a', b: 'old b' })
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'link') throw systemError('EPERM')
    if (name === 'rename' && paths[1] === join(target, 'b')) throw systemError('EIO')
  })

  try {
    await assert.rejects(write(target, { a: '1', b: '2' }, overwrite), withCode('storage-failed'))
  } finally {
    end()
  }

  assert.deepEqual(await contentOf(target), { a: 'old a', b: 'old b' })
})

/** Makes `target/data` look like a mount of its own: nothing is renamed or linked across. */
function mountAt(mount: string): () => void {
  return beforeChanges(({ name, paths }) => {
    const sides = new Set(paths.map((path) => path.startsWith(`${mount}/`)))
    if (['rename', 'link'].includes(name) && sides.size > 1) throw systemError('EXDEV')
  })
}

test('a mount inside the directory gets its files by copies', async () => {
  await occupy({ 'data/a': 'old', 'data/mine': 'kept' })
  const end = mountAt(join(target, 'data'))

  try {
    const files = [
      fileOf('data/a', 'new'),
      fileOf('data/deep/b', '2'),
      { path: 'data/deep/l', symlink: 'b' },
    ]
    await writeWorkspace(target, files, reader({ 'data/a': 'new', 'data/deep/b': '2' }), overwrite)
  } finally {
    end()
  }

  assert.deepEqual(await contentOf(target), {
    'data/a': 'new',
    'data/deep/b': '2',
    'data/deep/l': '-> b',
    'data/mine': 'kept',
  })
})

test('a failure after copies into a mount takes them back', async () => {
  await occupy({ 'data/a': 'old', z: 'old z' })
  const unmount = mountAt(join(target, 'data'))
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'rename' && paths[1] === join(target, 'z')) throw systemError('EIO')
  })

  try {
    const texts = { 'data/a': '1', 'data/b': '2', z: '3' }
    await assert.rejects(write(target, texts, overwrite), withCode('storage-failed'))
  } finally {
    end()
    unmount()
  }

  assert.deepEqual(await contentOf(target), { 'data/a': 'old', z: 'old z' })
})

test('a copy into a mount that fails leaves nothing beside its place', async () => {
  await occupy({ 'data/a': 'old' })
  const unmount = mountAt(join(target, 'data'))
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'rename' && dirname(paths[0] ?? '') === join(target, 'data'))
      throw systemError('EIO')
  })

  try {
    await assert.rejects(write(target, { 'data/a': '1' }, overwrite), withCode('storage-failed'))
  } finally {
    end()
    unmount()
  }

  assert.deepEqual(await readdir(join(target, 'data')), ['a'])
})

test('links are written as they are, and replace files and links without following them', async () => {
  await occupy({ a: 'file', outside: 'kept' })
  await symlink('outside', join(target, 'b'))

  const links = [
    { path: 'a', symlink: 'x/y' },
    { path: 'b', symlink: '../elsewhere' },
  ]
  await writeWorkspace(target, links, reader({}), overwrite)

  assert.equal(await readlink(join(target, 'a')), 'x/y')
  assert.equal(await readlink(join(target, 'b')), '../elsewhere')
  assert.deepEqual((await contentOf(target)).outside, 'kept')
})

test('no path goes through a link of the same contribution', async () => {
  const files = [{ path: 'sub', symlink: '/etc' }, fileOf('sub/passwd', 'x')]

  await assert.rejects(
    writeWorkspace(target, files, reader({ 'sub/passwd': 'x' })),
    withCode('validation-error', 'needs sub to be a folder'),
  )
})

test('a file that somebody changes meanwhile is not replaced', async () => {
  await occupy({ a: 'old', b: 'old' })
  const end = beforeChanges(({ name, paths }) => {
    if (name === 'rename' && paths[1]?.endsWith('/journal'))
      writeFileSync(join(target, 'b'), 'somebody’s')
  })

  await assert.rejects(
    write(target, { a: '1', b: '2' }, overwrite),
    withCode('busy', 'was changed by somebody else'),
  )
  end()

  assert.deepEqual(await contentOf(target), { a: 'old', b: 'somebody’s' })
})

test('what looks like a leftover and is a copy, or came with other files, is left alone', async () => {
  await occupy({ a: 'old' })
  let stage = ''
  const end = beforeChanges(({ name, paths }) => {
    stage ||= (name === 'mkdir' && dirname(paths[0] ?? '')) || ''
    if (name === 'unlink' && paths[0]?.endsWith('/journal')) throw systemError('EIO')
  })
  await assert.rejects(write(target, { a: 'new' }, overwrite))
  end()
  await cp(stage, join(folder, 'copy'), { recursive: true })
  await rm(stage, { recursive: true })
  await rename(join(folder, 'copy'), join(target, '.grove-checkout-copied'))
  await writeFile(join(target, 'a'), 'mine')

  await write(target, { b: '1' }, overwrite)

  assert.equal((await contentOf(target)).a, 'mine')
  assert.deepEqual(await readdir(target), ['.grove-checkout-copied', 'a', 'b'])
})

test('a folder that came with the name of a stage is left alone, and nothing in it is opened', async (context) => {
  const planted = join(folder, '.grove-checkout-planted')
  const outside = join(folder, 'outside')
  await mkdir(planted)
  await symlink(outside, join(planted, 'lock'))
  const { status } = spawnSync('mkfifo', [join(planted, 'mark')])
  if (status !== 0) context.diagnostic('no mkfifo here: without a pipe')
  const names = await readdir(planted)

  await write(target, { a: '1' })

  assert.deepEqual(await contentOf(target), { a: '1' })
  assert.deepEqual(await readdir(planted), names)
  assert.deepEqual((await readdir(folder)).toSorted(), ['.grove-checkout-planted', 'work'])
})

test('two checkouts into one directory at once: one says that the other is at work', async () => {
  await mkdir(target)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let begun = () => {}
  const reading = new Promise<void>((resolve) => {
    begun = resolve
  })
  const first = writeWorkspace(target, [fileOf('a', '1')], async function* () {
    begun()
    await held
    yield new TextEncoder().encode('1')
  })
  await reading

  await assert.rejects(write(target, { b: '2' }, overwrite), withCode('busy', 'another checkout'))
  release()
  await first

  assert.deepEqual(await contentOf(target), { a: '1' })
})
