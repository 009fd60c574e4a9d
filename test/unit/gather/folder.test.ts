import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { gatherFolder } from '../../../src/gather/folder.ts'
import type { Gathered, GatherOptions } from '../../../src/gather/gathered.ts'
import { gatherForAgent, gatherPaths } from '../../../src/gather/paths.ts'
import { Revisions } from '../../../src/gather/revision.ts'
import { openGrove } from '../../../src/index.ts'
import { asOrdinaryUser } from '../../support/files/ordinary-user.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { noGit, testRepository, writeFiles } from '../../support/processes/repository.ts'

const skip = { skip: noGit }
const key = 'id_rsa'

const pathsOf = ({ files }: Gathered) => files.map(({ path }) => path)
const leftOut = (gathered: Gathered) =>
  gathered.leftOut.map(({ path, reason }) => `${path} (${reason})`).toSorted()

/** Where files lie: in a folder without git, and in repositories, tracked and not. */
const places = {
  'a plain folder': async (dir: string) => ({ folder: dir, env: process.env }),
  'a repository': async (dir: string) => testRepository(dir),
  'a folder of a repository': async (dir: string) => {
    const { folder, env } = await testRepository(dir)
    await mkdir(join(folder, 'deep/down'), { recursive: true })
    return { folder: join(folder, 'deep/down'), env }
  },
} as const

type Place = Awaited<ReturnType<(typeof places)[keyof typeof places]>>

/** Tests the same in a new folder of each kind, which lies in `dir`, or is it. */
function inEachPlace(
  what: string,
  work: (place: Place & { readonly dir: string }) => Promise<void>,
  { skip = false }: { readonly skip?: boolean } = {},
): void {
  for (const [name, make] of Object.entries(places))
    test(`of ${name}, ${what}`, {
      skip: skip || (name !== 'a plain folder' && noGit),
    }, async () => {
      await using temporary = await temporaryDirectory()
      const { dir } = temporary
      await work({ ...(await make(dir)), dir })
    })
}

inEachPlace(
  'where some of a folder is insisted on, only the rest is named as left out',
  async ({ folder, env }) => {
    await writeFiles(folder, {
      '.gitignore': 'logs/\ncache/\nbuild/\n',
      'logs/1.txt': 'x',
      'logs/deep/2.txt': 'x',
      'cache/a.json': 'x',
      'cache/b.bin': 'x',
      'build/c.bin': 'x',
    })

    const include = ['logs/**', '*.json']
    const gathered = await gatherFolder(folder, { env, include })

    assert.deepEqual(pathsOf(gathered), ['cache/a.json', 'logs/1.txt', 'logs/deep/2.txt'])
    assert.deepEqual(leftOut(gathered), [
      '.gitignore (hidden)',
      'build/ (ignored)',
      'cache/b.bin (ignored)',
    ])
  },
)

inEachPlace(
  'a socket is named as left out',
  async ({ folder, env }) => {
    await writeFiles(folder, { 'run/a.txt': 'x' })
    const server = createServer().listen(join(folder, 'run/s'))
    await once(server, 'listening')

    const gathered = await gatherFolder(folder, { env })

    assert.deepEqual(
      [pathsOf(gathered), leftOut(gathered)],
      [['run/a.txt'], ['run/s (special file)']],
    )
    server.close()
  },
  { skip: process.platform === 'win32' },
)

inEachPlace("what is hidden, excluded, a key or a grove's stays home", async ({ folder, env }) => {
  await writeFiles(folder, {
    'train.py': 'x',
    'src/a.py': 'x',
    'src/keep.log': 'x',
    'src/.gitignore': '!keep.log\n',
    'src/debug.log': 'x',
    '.env': 'x',
    'backend/.env': 'x',
    'backend/app.py': 'x',
    'proj/.ssh/config': 'x',
    'proj/.ssh/other': 'x',
    [`proj/${key}`]: 'x',
    'proj/id_rsa.pub': 'x',
    'node_modules/x/y.js': 'x',
    'src/__pycache__/a.pyc': 'x',
    '.gitignore': 'node_modules/\n__pycache__\n*.log\n',
    '.groveignore': 'scratch\n/docs/*\n!/docs/kept.md\n',
    'scratch/a': 'x',
    'src/scratch': 'x',
    'docs/a.md': 'x',
    'docs/kept.md': 'x',
    'data/grove.db': 'x',
    'data/grove.db-wal': 'x',
    'data/blobs/ab/cd': 'x',
    'data/notes.md': 'x',
  })
  const all = await gatherFolder(folder, { env })
  const some = await gatherFolder(folder, {
    env,
    include: ['backend/.env', 'src/debug.log', key, 'node_modules', 'data', '.git'],
  })
  const raw = await gatherFolder(folder, { env, noIgnore: true })

  const taken = [
    'backend/app.py',
    'docs/kept.md',
    'proj/id_rsa.pub',
    'src/a.py',
    'src/keep.log',
    'train.py',
  ]
  assert.deepEqual(pathsOf(all), taken)
  assert.deepEqual(
    leftOut(all).filter((line) => !line.startsWith('.git/')),
    [
      '.env (hidden)',
      '.gitignore (hidden)',
      '.groveignore (hidden)',
      'backend/.env (hidden)',
      "data/ (a grove's own)",
      'docs/a.md (ignored)',
      'node_modules/ (ignored)',
      `proj/${key} (private key)`,
      'proj/.ssh/ (hidden)',
      'scratch/ (ignored)',
      'src/.gitignore (hidden)',
      'src/__pycache__/ (ignored)',
      'src/debug.log (ignored)',
      'src/scratch (ignored)',
    ].toSorted(),
  )
  const insisted = ['backend/.env', 'node_modules/x/y.js', `proj/${key}`, 'src/debug.log']
  assert.deepEqual(pathsOf(some), [...taken, ...insisted].toSorted())
  assert.deepEqual(
    pathsOf(raw),
    [
      ...taken,
      'docs/a.md',
      'node_modules/x/y.js',
      'scratch/a',
      'src/__pycache__/a.pyc',
      'src/debug.log',
      'src/scratch',
    ].toSorted(),
  )
})

test(
  'what is tracked is taken though a pattern excludes it; user and repository exclude too',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const { folder, env, commit, write } = await testRepository(temporary.dir)
    await commit({ '.gitignore': '*.log\n', 'tracked.log': 'x', 'gone.txt': 'x' })
    await writeFiles(temporary.dir, { 'repository-home/.config/git/ignore': '*.swp\n' })
    await write({ '.git/info/exclude': 'mine\n', mine: 'x', 'a.swp': 'x', 'b.log': 'x', c: 'x' })
    await rm(join(folder, 'gone.txt'))

    const gathered = await gatherFolder(folder, { env })

    assert.deepEqual(pathsOf(gathered), ['c', 'tracked.log'])
    assert.deepEqual(leftOut(gathered), [
      '.gitignore (hidden)',
      'a.swp (ignored)',
      'b.log (ignored)',
      'mine (ignored)',
    ])
  },
)

test(
  'a repository inside follows its own rules; a submodule that is not there is told',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const outer = await testRepository(temporary.dir)
    const inner = await testRepository(outer.folder, 'inner')
    await inner.commit({ '.gitignore': '*.log\n', 'kept.log': 'x', 'a.py': 'x' })
    await inner.write({ 'b.log': 'x', 'c.py': 'x' })
    const other = await testRepository(temporary.dir, 'other')
    await other.commit({ x: 'x' })
    outer.git('submodule', '--quiet', 'add', other.folder, 'sub')
    outer.git('submodule', '--quiet', 'add', other.folder, 'empty')
    outer.git('submodule', 'deinit', '--quiet', '--force', 'empty')
    await outer.write({ 'top.py': 'x', '.groveignore': 'inner/c.py\n' })

    for (const [folder, prefix] of [
      [outer.folder, ''],
      [temporary.dir, 'repository/'],
    ] as const) {
      const gathered = await gatherFolder(folder, { env: outer.env })

      const inside = ['inner/a.py', 'inner/kept.log', 'sub/x', 'top.py'].map(
        (path) => prefix + path,
      )
      assert.deepEqual(
        pathsOf(gathered).filter((path) => path.startsWith(prefix)),
        inside,
      )
      assert.ok(leftOut(gathered).includes(`${prefix}empty/ (submodule)`))
    }
  },
)

test('what patterns exclude that only the repository names stays home', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, git, write } = await testRepository(temporary.dir)
  await write({
    '../patterns': 'by-config\n',
    '.git/info/exclude': 'by-repository\n',
    'by-config': 'x',
    'by-repository': 'x',
    'kept.txt': 'x',
  })

  for (const path of [join(temporary.dir, 'patterns'), '../patterns', '~/../patterns']) {
    git('config', 'core.excludesFile', path)
    const gathered = await gatherFolder(folder, { env })

    assert.deepEqual(pathsOf(gathered), ['kept.txt'], path)
  }
})

inEachPlace('what may not be read is told, unless it stays home', async ({ folder, env, dir }) => {
  await writeFiles(folder, {
    'kept.txt': 'x',
    'sub/.gitignore': 'no.log\n',
    'sub/no.log': 'x',
    'closed/a.txt': 'x',
    '.cache/a.txt': 'x',
    'excluded/a.txt': 'x',
    'own/a.txt': 'x',
    '.gitignore': 'excluded\n',
    '.groveignore': 'own\n',
  })
  await chmod(dir, 0o755)
  const close = (path: string, mode = 0) => chmod(join(folder, path), mode)
  const open = (path: string) => close(path, 0o755)
  const refusal = (message: RegExp) =>
    assert.rejects(gatherFolder(folder, { env }), { code: 'usage-error', message })

  for (const path of ['.cache', 'excluded', 'own']) await close(path)
  await asOrdinaryUser(async () => {
    assert.deepEqual(pathsOf(await gatherFolder(folder, { env })), ['closed/a.txt', 'kept.txt'])
  })
  for (const path of ['sub/.gitignore', 'closed']) {
    await close(path)
    await asOrdinaryUser(() => refusal(new RegExp(`${path}/? cannot be read`)))
    await open(path)
  }
  for (const path of ['.cache', 'excluded', 'own']) await open(path)
})

test('a folder that is named is taken though patterns above exclude it', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, write } = await testRepository(temporary.dir)
  await write({
    '.gitignore': 'out/\n',
    '.groveignore': 'runs\n*.tmp\n',
    'out/result.txt': 'x',
    'out/.gitignore': '*.o\n',
    'out/a.o': 'x',
    'runs/1/log': 'x',
    'src/a.tmp': 'x',
    'src/a': 'x',
  })
  const gathered = async (name: string) => pathsOf(await gatherFolder(join(folder, name), { env }))

  assert.deepEqual(await gathered('out'), ['result.txt'])
  assert.deepEqual(await gathered('runs'), ['1/log'])
  assert.deepEqual(await gathered('src'), ['a'])
})

test('links, executables, sizes and bytes come along', async () => {
  await using temporary = await temporaryDirectory()
  const folder = join(temporary.dir, 'work')
  await writeFiles(folder, { run: '#!/bin/sh\n', 'a/b': 'bytes' })
  await chmod(join(folder, 'run'), 0o755)
  await symlink('a/b', join(folder, 'link'))
  await symlink('a', join(folder, 'to-folder'))
  await mkdir(join(folder, 'empty'))

  const { files } = await gatherFolder(folder, { env: {} })

  assert.deepEqual(
    files.map((file) =>
      file.symlink === undefined
        ? [file.path, file.executable, file.sizeBytes]
        : [file.path, file.symlink],
    ),
    [
      ['a/b', false, 5],
      ['link', 'a/b'],
      ['run', true, 10],
      ['to-folder', 'a'],
    ],
  )
  const opened = files[0]?.open?.()
  assert.equal(opened && (await text(opened)), 'bytes')
})

test('a file name that is no UTF-8 keeps its bytes', {
  skip: process.platform !== 'linux',
}, async () => {
  await using temporary = await temporaryDirectory()
  const name = Buffer.from([0x61, 0xff, 0x62])
  await writeFile(Buffer.concat([Buffer.from(`${temporary.dir}/`), name]), 'x')

  const { files } = await gatherFolder(temporary.dir, { env: {} })

  assert.equal(files[0]?.path, 'a\udcffb')
  assert.equal((await buffer(files[0]!.open!())).toString(), 'x')
})

test("a live grove's directory is never opened, by its name or from inside", async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'work/data')
  await mkdir(join(temporary.dir, 'work'))
  await using grove = await openGrove({ dir })
  await grove.publish({
    kind: 'work',
    mode: 'evaluation',
    summary: 'x',
    agent: { agentId: 'a' },
    artifacts: { big: 'x'.repeat(100_000) },
  })
  await writeFiles(temporary.dir, { 'work/a.py': 'x', 'work/data/mine.py': 'x' })
  const options: GatherOptions = { env: {}, include: ['**'] }
  const work = join(temporary.dir, 'work')

  assert.deepEqual(pathsOf(await gatherPaths([work], options)), ['a.py'])
  assert.deepEqual(leftOut(await gatherPaths([work], options)), ["data/ (a grove's own)"])
  assert.deepEqual(pathsOf(await gatherPaths([dir], options)), ['mine.py'])
  for (const path of ['grove.db', 'lock.db', 'identity.pem', 'blobs']) {
    const gathered = await gatherPaths([join(dir, path)], options)
    assert.deepEqual([gathered.files.length, gathered.leftOut.length], [0, 1], path)
  }
})

test('a file that is named is taken, hidden or not, but a key only if it is insisted on', async () => {
  await using temporary = await temporaryDirectory()
  await writeFiles(temporary.dir, { '.env': 'x', '.ssh/id_rsa': 'x', '.gitignore': 'a\n', a: 'x' })
  const at = (name: string) => join(temporary.dir, name)

  const gathered = await gatherPaths(['.env', '.ssh/id_rsa', 'a'].map(at), { env: {} })
  const insisted = await gatherPaths([at('.ssh/id_rsa')], { env: {}, include: [key] })

  assert.deepEqual(pathsOf(gathered), ['.env', 'a'])
  assert.deepEqual(gathered.suspects, ['.env'])
  assert.deepEqual(leftOut(gathered), ['id_rsa (private key)'])
  assert.deepEqual(pathsOf(insisted), ['id_rsa'])
  assert.deepEqual(insisted.suspects, ['id_rsa'])
  await assert.rejects(gatherPaths([at('nothing')], { env: {} }), { code: 'usage-error' })
})

test(
  'of a revision all is taken that is committed, but what .groveignore and a grove exclude',
  skip,
  async () => {
    await using temporary = await temporaryDirectory()
    const { folder, env, commit, write } = await testRepository(temporary.dir)
    await commit({
      'src/a.py': 'one',
      'src/.hidden/b': 'x',
      '.github/ci.yml': 'x',
      '.gitignore': '*.log\n',
      'kept.log': 'x',
      [`deploy/${key}`]: 'x',
      'private/plan.md': 'x',
      'late/x': 'x',
      '.groveignore': 'private/\n',
      'late/.groveignore': 'x\n',
      'data/grove.db': 'x',
      'data/lock.db': 'x',
    })
    await write({ 'src/a.py': 'two', 'new.py': 'x' })

    await using revisions = await Revisions.open(folder, { env })
    const whole = await revisions.tree('HEAD')
    await using below = await Revisions.open(join(folder, 'src'), { env })

    assert.deepEqual(pathsOf(whole).toSorted(), [
      '.github/ci.yml',
      '.gitignore',
      '.groveignore',
      `deploy/${key}`,
      'kept.log',
      'late/.groveignore',
      'src/.hidden/b',
      'src/a.py',
    ])
    assert.deepEqual(whole.suspects, [`deploy/${key}`])
    assert.deepEqual(leftOut(whole), [
      "data/ (a grove's own)",
      'late/x (ignored)',
      'private/plan.md (ignored)',
    ])
    assert.deepEqual(pathsOf(await below.tree('HEAD')), ['.hidden/b', 'a.py'])
    const file = whole.files.find(({ path }) => path === 'src/a.py')
    for (let time = 0; time < 2; time++) assert.equal(await text(file!.open!()), 'one')
    await assert.rejects(revisions.tree('no-such'), { code: 'usage-error' })
    await assert.rejects(Revisions.open(temporary.dir, { env }), { code: 'usage-error' })
  },
)

test('references in a form that is not read are told of, and files are taken', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, git, commit } = await testRepository(temporary.dir)
  await commit({ 'a.txt': 'x', '.gitignore': '*.log\n', 'b.log': 'x' })
  git('config', 'extensions.refStorage', 'reftable')

  const gathered = await gatherFolder(folder, { env })
  const revisions = Revisions.open(folder, { env })

  await assert.rejects(revisions, { code: 'usage-error', message: /reftable.*git refs migrate/ })
  assert.deepEqual(pathsOf(gathered), ['a.txt', 'b.log'])
})

test('a patch names the untracked files that it leaves out', skip, async () => {
  await using temporary = await temporaryDirectory()
  const { folder, env, commit, write } = await testRepository(temporary.dir)
  await commit({ a: '1\n' })
  await write({ new: 'x' })
  await using revisions = await Revisions.open(folder, { env })

  await assert.rejects(revisions.patch('HEAD'), /nothing differs .*1 untracked/)
  await write({ a: '2\n' })
  const gathered = await revisions.patch('HEAD')

  assert.deepEqual(pathsOf(gathered), ['changes.patch'])
  assert.deepEqual(leftOut(gathered), ['new (untracked)'])
  assert.match(await text(gathered.files[0]!.open!()), /-1\n\+2/)
})

test('an agent can name files below its folders only, and none that stays home', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  await writeFiles(temporary.dir, {
    'root/a.py': 'x',
    'root/out/result.log': 'x',
    'root/.gitignore': '*.log\n',
    'root/.groveignore': 'private\n',
    'root/private/plan': 'x',
    'root/sub/.env': 'x',
    [`root/${key}`]: 'x',
    'root/credentials.json': 'x',
    'outside/secret': 'x',
  })
  await symlink(at('outside/secret'), at('root/link'))
  const rules = { roots: [at('root')] }
  const taken = async (path: string, more = {}) =>
    pathsOf(await gatherForAgent(at(path), 'given/name', { ...rules, ...more }))

  assert.deepEqual(await taken('root/a.py'), ['given/name'])
  assert.deepEqual(await taken('root/out/result.log'), ['given/name'])
  const suspect = await gatherForAgent(at('root/credentials.json'), 'x', rules)
  assert.deepEqual(suspect.suspects, ['x'])
  const kept = ['root/sub/.env', `root/${key}`, 'root/private/plan', 'root/.gitignore']
  for (const path of [...kept, 'outside/secret', 'root/link', 'root/../outside/secret'])
    await assert.rejects(taken(path), { code: 'refused' }, path)
  for (const path of kept)
    assert.deepEqual(await taken(path, { include: ['.env', key, 'private', '.gitignore'] }), [
      'given/name',
    ])
  assert.deepEqual(await taken('outside/secret', { roots: [at('root'), at('outside')] }), [
    'given/name',
  ])
  await assert.rejects(taken('root/out'), { code: 'usage-error' })
  await assert.rejects(taken('root/nothing'), { code: 'ENOENT' })
})
