import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { listFiles } from '../../../src/git/files.ts'
import { gitNotes } from '../../../src/git/notes.ts'
import { GitObjects } from '../../../src/git/objects.ts'
import { writePatch } from '../../../src/git/patch.ts'
import { findRepository } from '../../../src/git/repository.ts'
import { ShadowGit } from '../../../src/git/shadow.ts'
import { listTree } from '../../../src/git/tree.ts'
import { asOrdinaryUser } from '../../support/files/ordinary-user.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { noGit, type TestRepository, testRepository } from '../../support/processes/repository.ts'

const skip = { skip: noGit }

/** Does everything that we have git do in a repository, from a folder of it. */
async function readAll({ folder, env }: TestRepository): Promise<void> {
  await using git = await ShadowGit.open(folder, { env })
  assert.ok(git)
  await listFiles(git, folder)
  await gitNotes(git, { base: 'HEAD' })
  await writePatch(git, 'HEAD')
  await using objects = new GitObjects(git)
  for (const { object, type } of await listTree(git, folder, 'HEAD'))
    if (type === 'file') await buffer(objects.open(object))
}

/** A repository with a changed file, and a command that leaves a mark. */
async function victim(parent: string) {
  const repository = await testRepository(parent)
  const mark = join(parent, 'was-run')
  const command = join(parent, 'command')
  await writeFile(command, `#!/bin/sh\necho "$0 $@" >> '${mark}'\nexit 1\n`)
  await chmod(command, 0o755)
  await repository.commit({ 'a.txt': 'one\n', 'b.bin': Buffer.from([0, 1, 2]) })
  await repository.write({ 'a.txt': 'two\n', 'new.txt': 'new\n' })
  const wasRun = async () => {
    const found = existsSync(mark)
    await rm(mark, { force: true })
    return found
  }
  return { repository, command, wasRun }
}

/** What a repository's own configuration can have git run, and a command that has it run. */
const settings: readonly {
  readonly name: string
  readonly config: (command: string) => readonly (readonly [key: string, value: string])[]
  readonly attributes?: string
  readonly proof: readonly string[]
}[] = [
  {
    name: 'fsmonitor',
    config: (command) => [['core.fsmonitor', command]],
    proof: ['status', '--short'],
  },
  {
    name: 'textconv',
    config: (command) => [['diff.x.textconv', command]],
    attributes: '* diff=x\n',
    proof: ['diff', 'HEAD'],
  },
  {
    name: 'an external diff',
    config: (command) => [['diff.external', command]],
    proof: ['diff', 'HEAD'],
  },
  {
    name: "an external diff of a file's own",
    config: (command) => [['diff.x.command', command]],
    attributes: '* diff=x\n',
    proof: ['diff', 'HEAD'],
  },
  {
    name: 'a clean filter',
    config: (command) => [
      ['filter.x.clean', command],
      ['filter.x.smudge', command],
    ],
    attributes: '* filter=x\n',
    proof: ['diff', 'HEAD'],
  },
  {
    name: 'a filter process',
    config: (command) => [['filter.x.process', command]],
    attributes: '* filter=x\n',
    proof: ['diff', 'HEAD'],
  },
  {
    name: 'a pager',
    config: (command) => [
      ['core.pager', command],
      ['pager.diff', command],
    ],
    proof: ['--paginate', 'log'],
  },
  {
    name: 'a hook',
    config: (command) => [['core.hooksPath', join(command, '..', 'hooks')]],
    proof: ['checkout', '--quiet', '--', '.'],
  },
]

for (const { name, config, attributes, proof } of settings)
  test(`${name} of a repository is not run`, skip, async () => {
    await using temporary = await temporaryDirectory()
    const { repository, command, wasRun } = await victim(temporary.dir)
    await mkdir(join(temporary.dir, 'hooks'))
    for (const hook of ['post-index-change', 'post-checkout'])
      await cp(command, join(temporary.dir, 'hooks', hook))
    for (const [key, value] of config(command)) repository.git('config', key, value)
    if (attributes !== undefined) await repository.write({ '.gitattributes': attributes })

    await readAll(repository)
    const byUs = await wasRun()

    assert.equal(byUs, false)
    // A filter process that speaks no protocol fails git, which is proof too.
    try {
      repository.git(...proof)
    } catch (error) {
      assert.match(String(error), /filter|hook|git /)
    }
    if (name !== 'a pager') assert.equal(await wasRun(), true, 'git itself runs it')
  })

test('configuration that a repository includes is not read', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { repository, command, wasRun } = await victim(temporary.dir)
  await repository.write({ 'evil.config': `[core]\n\tfsmonitor = ${command}\n` })
  await appendFile(
    join(repository.folder, '.git/config'),
    '[include]\n\tpath = ../evil.config\n[includeIf "gitdir:**"]\n\tpath = ../evil.config\n',
  )

  await readAll(repository)

  assert.equal(await wasRun(), false)
  repository.git('status')
  assert.equal(await wasRun(), true, 'git itself reads it')
})

test('a lazy fetch of a missing object is not tried, nor its upload-pack run', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { repository, command, wasRun } = await victim(temporary.dir)
  const blob = repository.git('rev-parse', 'HEAD:a.txt')
  for (const [key, value] of [
    ['remote.origin.url', repository.folder],
    ['remote.origin.uploadpack', command],
    ['remote.origin.promisor', 'true'],
    ['extensions.partialClone', 'origin'],
    ['core.repositoryFormatVersion', '1'],
  ] as const)
    repository.git('config', key, value)
  await rm(join(repository.folder, '.git/objects', blob.slice(0, 2), blob.slice(2)))

  await assert.rejects(readAll(repository), {
    code: 'usage-error',
    message: /objects that a partial clone lacks .* `git fetch --refetch` brings them/,
  })

  assert.equal(await wasRun(), false)
  assert.throws(() => repository.git('cat-file', 'blob', blob))
  assert.equal(await wasRun(), true, 'git itself runs it')
})

test('core.worktree of a repository does not lead elsewhere', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { repository } = await victim(temporary.dir)
  await mkdir(join(temporary.dir, 'private'))
  await writeFile(join(temporary.dir, 'private/secret.txt'), 'secret')
  await writeFile(join(temporary.dir, 'private/a.txt'), 'secret')
  repository.git('config', 'core.worktree', join(temporary.dir, 'private'))

  await using git = await ShadowGit.open(repository.folder, { env: repository.env })
  assert.ok(git)
  const { included } = await listFiles(git, repository.folder)
  const patch = await writePatch(git, 'HEAD')

  assert.deepEqual(included.toSorted(), ['a.txt', 'b.bin', 'new.txt'])
  assert.ok(patch)
  assert.match(repository.gitWith('', 'status', '--short'), /secret/, 'git itself is led there')
})

test("another repository's objects are not reached", skip, async () => {
  await using temporary = await temporaryDirectory()
  const secret = await testRepository(temporary.dir, 'private')
  const commit = await secret.commit({ 'secret.txt': 'secret\n' })
  const objects = join(secret.folder, '.git/objects')
  const ways: Readonly<Record<string, (git: string) => Promise<void>>> = {
    'by alternates': async (git) => {
      await mkdir(join(git, 'objects/info'), { recursive: true })
      await writeFile(join(git, 'objects/info/alternates'), `${objects}\n`)
    },
    'by a link in place of the objects': async (git) => {
      await rm(join(git, 'objects'), { recursive: true })
      await symlink(objects, join(git, 'objects'))
    },
    'by a link to a folder of objects': async (git) => {
      await symlink(join(objects, commit.slice(0, 2)), join(git, 'objects', commit.slice(0, 2)))
    },
    'by a link to an object': async (git) => {
      const path = `${commit.slice(0, 2)}/${commit.slice(2)}`
      await mkdir(join(git, 'objects', commit.slice(0, 2)), { recursive: true })
      await symlink(join(objects, path), join(git, 'objects', path))
    },
  }

  for (const [way, open] of Object.entries(ways)) {
    const stranger = await testRepository(temporary.dir, way.replaceAll(' ', '-'))
    await open(join(stranger.folder, '.git'))
    await using git = await ShadowGit.open(stranger.folder, { env: stranger.env })
    assert.ok(git)

    await assert.rejects(
      listTree(git, stranger.folder, commit),
      { code: 'usage-error', message: /objects that it borrows .* `git repack -a -d` copies them/ },
      way,
    )

    assert.match(stranger.git('cat-file', 'commit', commit), /tree/, 'git itself reaches them')
  }
})

test('a clone that borrows its objects is read once they are copied', skip, async () => {
  await using temporary = await temporaryDirectory()
  const lender = await testRepository(temporary.dir, 'lender')
  await lender.commit({ 'a.txt': 'one\n' })
  const folder = join(temporary.dir, 'clone')
  lender.git('clone', '--quiet', '--shared', '.', folder)
  const list = async () => {
    await using git = await ShadowGit.open(folder, { env: lender.env })
    assert.ok(git)
    return (await listTree(git, folder, 'HEAD')).map(({ path }) => path)
  }

  await assert.rejects(list(), { message: /`git repack -a -d` copies them/ })
  lender.git('-C', folder, 'repack', '--quiet', '-a', '-d')

  assert.deepEqual(await list(), ['a.txt'])
})

test(
  'a folder that points at a repository is refused unless that knows the folder',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const secret = await testRepository(temporary.dir, 'private')
    await secret.commit({ 'secret.txt': 'secret\n' })
    const { env } = secret
    const stranger = join(temporary.dir, 'stranger')
    await mkdir(stranger)
    const linked = join(temporary.dir, 'linked')
    secret.git('worktree', 'add', '--quiet', linked)

    await writeFile(join(stranger, '.git'), `gitdir: ${secret.folder}/.git\n`)
    await assert.rejects(ShadowGit.open(stranger, { env }), { code: 'refused' })
    await writeFile(join(stranger, '.git'), `gitdir: ${secret.folder}/.git/worktrees/linked\n`)
    await assert.rejects(ShadowGit.open(stranger, { env }), { code: 'refused' })
    await rm(join(stranger, '.git'))
    await symlink(join(secret.folder, '.git'), join(stranger, '.git'))
    await assert.rejects(ShadowGit.open(stranger, { env }), { code: 'refused' })
    await rm(join(stranger, '.git'))
    await mkdir(join(stranger, '.git'))
    await writeFile(join(stranger, '.git/HEAD'), 'ref: refs/heads/main\n')
    await writeFile(join(stranger, '.git/commondir'), `${secret.folder}/.git\n`)
    await assert.rejects(ShadowGit.open(stranger, { env }), { code: 'refused' })

    await using git = await ShadowGit.open(linked, { env })
    assert.ok(git)
    assert.deepEqual(
      (await listTree(git, linked, 'HEAD')).map(({ path }) => path),
      ['secret.txt'],
    )
  },
)

test('a submodule, and a repository that lies elsewhere and says so, are read', skip, async () => {
  await using temporary = await temporaryDirectory()
  const inner = await testRepository(temporary.dir, 'inner')
  await inner.commit({ 'in.txt': 'x\n' })
  const outer = await testRepository(temporary.dir, 'outer')
  outer.git('submodule', '--quiet', 'add', inner.folder, 'sub')
  const folder = join(outer.folder, 'sub')
  await rename(join(inner.folder, '.git'), join(temporary.dir, 'apart'))
  await writeFile(join(inner.folder, '.git'), 'gitdir: ../apart\n')
  inner.git('config', 'core.worktree', inner.folder)
  // This moves the submodule's `core.worktree` into a file of its own.
  outer.git('-C', 'sub', 'sparse-checkout', 'set', 'nothing')

  for (const place of [folder, inner.folder]) {
    await using git = await ShadowGit.open(place, { env: outer.env })
    assert.ok(git)
    assert.deepEqual(
      (await listTree(git, place, 'HEAD')).map(({ path }) => path),
      ['in.txt'],
    )
  }
})

test('a pipe in the place of a file of a repository holds nothing up', skip, async (context) => {
  await using temporary = await temporaryDirectory()
  for (const [index, name] of ['HEAD', 'commondir', 'config', 'index', 'packed-refs'].entries()) {
    const repository = await testRepository(temporary.dir, `piped-${index}`)
    await repository.commit({ 'a.txt': 'one\n' })
    await rm(join(repository.folder, '.git', name), { force: true })
    const { status } = spawnSync('mkfifo', [join(repository.folder, '.git', name)])
    if (status !== 0) return context.skip('no mkfifo here')

    await using git = await ShadowGit.open(repository.folder, { env: repository.env })

    assert.equal(git !== undefined, name !== 'HEAD', name)
    if (git !== undefined) await listFiles(git, repository.folder)
  }
})

test('a pipe in the place of a file of patterns is not waited for', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, git } = await testRepository(temporary.dir)
  await rm(join(folder, '.git/info/exclude'), { force: true })
  execFileSync('mkfifo', [join(folder, '.git/info/exclude'), join(temporary.dir, 'patterns')])
  git('config', 'core.excludesFile', join(temporary.dir, 'patterns'))
  await writeFile(join(folder, 'a.txt'), 'x')

  await using shadow = await ShadowGit.open(folder, { env })
  assert.ok(shadow)
  const { included } = await listFiles(shadow, folder)

  assert.deepEqual(included, ['a.txt'])
})

test('a file of patterns that git itself would pass over is not copied', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, git } = await testRepository(temporary.dir)
  const patterns = join(temporary.dir, 'patterns')
  await writeFile(patterns, '')
  await truncate(patterns, 101 * 1024 * 1024)
  git('config', 'core.excludesFile', patterns)

  await using shadow = await ShadowGit.open(folder, { env })
  assert.ok(shadow)

  assert.equal(existsSync(join(shadow.dir, 'excludesfile')), false)
})

test('a repository that may not be read is told by its part', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env } = await testRepository(temporary.dir)
  await chmod(temporary.dir, 0o755)

  for (const part of ['objects', 'info']) {
    await chmod(join(folder, '.git', part), 0)
    await asOrdinaryUser(() =>
      assert.rejects(ShadowGit.open(folder, { env }), {
        code: 'usage-error',
        message: new RegExp(`\\.git/${part}.*--no-ignore`),
      }),
    )
    await chmod(join(folder, '.git', part), 0o755)
  }
})

test('a bare layout is no repository to us', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env } = await testRepository(temporary.dir, 'bare', '--bare')

  assert.equal(await ShadowGit.open(folder, { env }), undefined)
})

test(
  'variables that steer git are not passed on, and its folder is left without a trace',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const { repository, command, wasRun } = await victim(temporary.dir)
    const env = {
      ...repository.env,
      GIT_DIR: '/nowhere',
      GIT_EXTERNAL_DIFF: command,
      GIT_INDEX_FILE: '/nowhere',
      GIT_OBJECT_DIRECTORY: '/nowhere',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: command,
    }
    const before = repository.git('hash-object', '.git/index', '.git/config', '.git/HEAD')

    await readAll({ ...repository, env })

    assert.equal(await wasRun(), false)
    assert.equal(repository.git('hash-object', '.git/index', '.git/config', '.git/HEAD'), before)
    assert.equal(existsSync(join(repository.folder, '.git/logs/x')), false)
  },
)

test('a .git that names what no path can be is no repository', async () => {
  await using parent = await temporaryDirectory()
  for (const named of ['a\0b', 'a'.repeat(5_000)]) {
    await writeFile(join(parent.dir, '.git'), `gitdir: ${named}\n`)

    assert.equal(await findRepository(parent.dir), undefined)
  }
})
