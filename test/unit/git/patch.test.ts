import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { compareFiles } from '../../../src/git/compare.ts'
import { gitNotes, publicRemote } from '../../../src/git/notes.ts'
import { writePatch } from '../../../src/git/patch.ts'
import { ShadowGit } from '../../../src/git/shadow.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import {
  noGit,
  type TestRepository,
  testRepository,
  writeFiles,
} from '../../support/processes/repository.ts'

const skip = { skip: noGit }

async function patchOf({ folder, env }: TestRepository, base = 'HEAD', from = folder) {
  await using git = await ShadowGit.open(from, { env })
  assert.ok(git)
  const patch = await writePatch(git, base)
  return patch && readFile(patch.file)
}

/** Applies a patch to another work tree of its base, and asserts that all tracked files come out. */
async function assertApplies(repository: TestRepository, patch: Buffer, base = 'HEAD') {
  const copy = `${repository.folder}-copy`
  repository.git('worktree', 'add', '--quiet', '--detach', copy, base)
  repository.gitWith(patch, '-C', copy, 'apply', '--check', '--whitespace=nowarn')
  repository.gitWith(patch, '-C', copy, 'apply', '--index', '--whitespace=nowarn')
  repository.git('add', '--update')
  assert.equal(repository.git('-C', copy, 'write-tree'), repository.git('write-tree'))
}

const base = {
  'src/a.txt': 'one\ntwo\nthree\n',
  'src/no-newline': 'x',
  'b.bin': Buffer.from([0, 1, 2, 255, 10, 13]),
  'crlf.txt': 'a\r\nb\r\n',
  run: '#!/bin/sh\n',
  'gone.txt': 'gone\n',
  'a name.txt': 'x\n',
  'früh\n"x".txt': 'x\n',
}

async function change({ folder, write }: TestRepository): Promise<void> {
  await write({
    'src/a.txt': 'one\nTWO\nthree\n',
    'src/no-newline': 'y',
    'b.bin': Buffer.from([0, 3, 2, 255, 10]),
    'crlf.txt': 'a\r\nB\r\n',
    'a name.txt': 'y \n\t\n',
    'früh\n"x".txt': 'y\n',
  })
  await chmod(join(folder, 'run'), 0o755)
  await rm(join(folder, 'gone.txt'))
}

test('a patch applies, whatever the configuration of the user says', skip, async () => {
  const settings = [
    ['diff.noprefix', 'true'],
    ['diff.mnemonicPrefix', 'true'],
    ['diff.relative', 'true'],
    ['diff.renames', 'copies'],
    ['diff.context', '0'],
    ['diff.interHunkContext', '9'],
    ['diff.external', '/bin/false'],
    ['diff.submodule', 'log'],
    ['diff.ignoreSubmodules', 'all'],
    ['diff.colorMoved', 'zebra'],
    ['diff.x.textconv', 'cat --show-all'],
    ['diff.suppressBlankEmpty', 'true'],
    ['color.ui', 'always'],
    ['core.quotePath', 'false'],
    ['core.pager', '/bin/false'],
    ['apply.whitespace', 'error'],
  ]
  await using temporary = await temporaryDirectory()
  const repository = await testRepository(temporary.dir)
  await repository.commit({ ...base, '.gitattributes': '*.txt diff=x\n*.bin diff=x\n' })
  await change(repository)
  for (const [key = '', value = ''] of settings) repository.git('config', '--global', key, value)
  await repository.write({ order: '*.bin\n' })
  repository.git('config', '--global', 'diff.orderFile', join(repository.folder, 'order'))

  const patch = await patchOf(repository, 'HEAD', join(repository.folder, 'src'))

  assert.ok(patch)
  assert.match(patch.toString('latin1'), /^diff --git a\/a name\.txt b\/a name\.txt\n/)
  await assertApplies(repository, patch)
})

test(
  'a patch applies with links, changed types, submodules, conflicts and conversions',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const inner = await testRepository(temporary.dir, 'inner')
    await inner.commit({ 'in.txt': 'x\n' })
    const repository = await testRepository(temporary.dir)
    repository.git('submodule', '--quiet', 'add', inner.folder, 'sub')
    await repository.commit({
      ...base,
      '.gitattributes': '*.txt text eol=crlf\n*.bin diff text\n',
      both: '1\n',
      kind: 'a file\n',
    })
    await change(repository)
    await repository.write({ both: '2\n' })
    repository.git('stash', '--quiet')
    await repository.commit({ both: '3\n' })
    assert.throws(() => repository.git('stash', 'pop', '--quiet'))
    await inner.commit({ 'in.txt': 'y\n' })
    repository.git('-C', 'sub', 'pull', '--quiet', 'origin', 'main')
    await rm(join(repository.folder, 'kind'))
    await symlink('src/a.txt', join(repository.folder, 'kind'))
    await repository.write({ added: 'new\n' })
    repository.git('add', '--intent-to-add', 'added')

    const patch = await patchOf(repository)

    assert.ok(patch)
    assert.match(patch.toString('latin1'), /\+Subproject commit/)
    await assertApplies(repository, patch)
  },
)

const lineEnds: Readonly<Record<string, (repository: TestRepository) => unknown>> = {
  'core.autocrlf': ({ git }) => git('config', 'core.autocrlf', 'true'),
  'core.eol': ({ git, folder }) => {
    git('config', 'core.eol', 'crlf')
    return writeFiles(folder, { '.git/info/attributes': '*.txt text\n' })
  },
  'its own attributes': ({ folder }) =>
    writeFiles(folder, { '.git/info/attributes': '*.txt text eol=crlf\n' }),
  'a file of attributes': async ({ git, folder }) => {
    git('config', 'core.attributesFile', '../attributes')
    await writeFiles(folder, { '../attributes': '*.txt text eol=crlf\n' })
  },
  'the configuration of a work tree': ({ git }) => {
    git('config', 'extensions.worktreeConfig', 'true')
    git('config', '--worktree', 'core.autocrlf', 'true')
  },
}

for (const [name, configure] of Object.entries(lineEnds))
  test(`line ends that ${name} of the repository converts are no change`, skip, async () => {
    await using temporary = await temporaryDirectory()
    const repository = await testRepository(temporary.dir)
    await configure(repository)
    await repository.commit({ 'a.txt': 'one\r\ntwo\r\n', 'b.txt': 'x\r\n' })
    await repository.write({ 'a.txt': 'one\r\nTWO\r\n' })

    const patch = await patchOf(repository)

    const lines = patch?.toString('latin1').match(/^[-+ ]\w.*$/gm)
    assert.deepEqual(lines, [' one', '-two', '+TWO'])
  })

test('a patch goes back to any revision, in a repository of SHA-256 as well', skip, async () => {
  await using temporary = await temporaryDirectory()
  for (const format of ['sha1', 'sha256']) {
    const repository = await testRepository(temporary.dir, format, `--object-format=${format}`)
    await repository.commit(base)
    repository.git('tag', 'v1')
    await repository.commit({ 'src/a.txt': 'between\n' })
    repository.git('gc', '--quiet')
    assert.equal(await patchOf(repository), undefined)
    await change(repository)

    for (const revision of ['v1', 'HEAD~1']) assert.ok(await patchOf(repository, revision))
    await assertApplies(repository, (await patchOf(repository, 'v1'))!, 'v1')
    await assert.rejects(patchOf(repository, 'v9'), { code: 'usage-error' })
  }
})

test(
  'a change of the same size right after the index was written is not missed',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const repository = await testRepository(temporary.dir)
    for (const round of ['1', '2', '3']) {
      await repository.commit({ 'a.txt': `one ${round}\n` })
      await repository.write({ 'a.txt': `two ${round}\n` })

      assert.match(String(await patchOf(repository)), /\+two/)
    }
  },
)

test(
  'what git says of a work tree is noted: commit, base, dirtiness, untracked files',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const repository = await testRepository(temporary.dir)
    const notes = async (revision?: string) => {
      await using git = await ShadowGit.open(repository.folder, { env: repository.env })
      assert.ok(git)
      return await gitNotes(git, { base: revision })
    }

    assert.deepEqual(await notes(), { dirty: true, untracked: 0 })
    const first = await repository.commit({ a: '1', '.gitignore': '*.log\n' })
    const second = await repository.commit({ a: '2' })
    repository.git('remote', 'add', 'origin', 'https://me:secret@forge.example/x.git?token=1')
    await repository.write({ b: 'x', 'c/d': 'x', 'e.log': 'x' })
    const remote = 'https://forge.example/x.git'

    assert.deepEqual(await notes('HEAD~1'), {
      commit: second,
      base: first,
      dirty: false,
      untracked: 2,
      remote,
    })
    await repository.write({ a: '3' })
    assert.deepEqual(await notes(), { commit: second, dirty: true, untracked: 2, remote })
  },
)

test('a remote is told without secrets, and only where it is not on this machine', () => {
  const told: Readonly<Record<string, string>> = {
    'https://user:pw@host.example/a/b.git': 'https://host.example/a/b.git',
    'https://token@host.example:8443/a?x=1#y': 'https://host.example:8443/a',
    'ssh://git@host.example:22/a.git': 'ssh://host.example:22/a.git',
    'git@host.example:a/b.git': 'host.example:a/b.git',
    'host.example:a/b.git?token=x': 'host.example:a/b.git',
    'git://host.example/a.git': 'git://host.example/a.git',
  }
  for (const [url, expected] of Object.entries(told)) assert.equal(publicRemote(url), expected)
  for (const url of [
    '',
    '/srv/git/a.git',
    '../a',
    'file:///srv/a.git',
    'C:\\a',
    'C:/a',
    'ext::sh -c x',
    'ext::sh',
    'fd::17',
    './a:b',
    'https://host.example/a b',
    `https://host.example/${'x'.repeat(2_000)}`,
  ])
    assert.equal(publicRemote(url), undefined, url)
})

test(
  'two folders are compared as a patch, without a look at the configuration around',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const { folder, env, git } = await testRepository(temporary.dir)
    git('config', 'diff.external', '/bin/false')
    const inside = join(folder, 'inside')
    await mkdir(inside)
    await writeFiles(inside, { 'old/a': 'x\n', 'new/a': 'y\n', 'new/b': Buffer.from([0, 1]) })

    const patch = await compareFiles(inside, 'old', 'new', { env, binary: true })

    assert.match(patch ?? '', /^diff --git old\/a new\/a\n[\s\S]*\n-x\n\+y\n/)
    assert.match(patch ?? '', /GIT binary patch/)
    assert.doesNotMatch(
      (await compareFiles(inside, 'old', 'new', { env, binary: false })) ?? '',
      /GIT binary patch/,
    )
  },
)
