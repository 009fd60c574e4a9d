/** What a checkout writes of own and of foreign work. */
import assert from 'node:assert/strict'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GroveApi } from '../../../src/api/client/api.ts'
import { type CheckoutOptions, checkoutInto } from '../../../src/api/client/checkout.ts'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import { type Cid, shortCid } from '../../../src/core/cid.ts'
import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import { nameOf } from '../../../src/core/contribution/names.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { Grove } from '../../../src/grove.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { withCode } from '../../support/errors.ts'
import { contentOf } from '../../support/files/workspace.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { plainDraft } from '../../support/http.ts'
import { writeFiles } from '../../support/processes/repository.ts'
import { serveNode } from '../../support/serve-node.ts'

type Texts = Readonly<Record<string, string>>
interface Modes {
  readonly executables?: readonly string[]
  readonly links?: Texts
}

/** A grove that is used in its process (`own`) and over the network (`remote`). */
async function bothDoors(dir?: string) {
  const served = await serveNode(dir)
  const remote = groveClient(served.url, systemClock)
  const own = localClient(served.node)
  return {
    node: served.node,
    own,
    remote,
    library: new Grove({ api: own, peerId: 'self', url: undefined, close: async () => {} }),
    async [Symbol.asyncDispose]() {
      await remote.close()
      await served[Symbol.asyncDispose]()
    },
  }
}

/** Publishes files of these texts, by path. */
async function publish(
  grove: GroveApi,
  texts: Texts,
  { executables = [], links = {} }: Modes = {},
  draft: Partial<Draft> = {},
): Promise<Cid> {
  const artifacts: Record<string, string> = {}
  for (const [path, text] of Object.entries(texts))
    artifacts[nameOf(path)] = (await grove.uploadBlob(Buffer.from(text))).hash
  const files = Object.fromEntries([
    ...executables.map((path) => [nameOf(path), { mode: '755' }]),
    ...Object.entries(links).map(([path, symlink]) => [nameOf(path), { symlink }]),
  ])
  const context = { grove: { files } }
  return (await grove.publish({ ...plainDraft, context, ...draft, artifacts } as Draft)).cid
}

/** Checks out into a new directory; what is there then, and what was withheld. */
async function checkedOut(grove: GroveApi, cid: Cid, options: CheckoutOptions = {}) {
  await using temporary = await temporaryDirectory()
  const target = join(temporary.dir, 'work')
  const { files, withheld } = await checkoutInto(grove, cid, target, options)
  const executables: string[] = []
  for (const { path } of files) {
    const info = await lstat(join(target, path))
    if (info.isFile() && (info.mode & 0o100) !== 0) executables.push(path)
  }
  const told = withheld.map(({ path, what }) => `${path} ${what}`)
  return { content: await contentOf(target), executables, withheld: told.toSorted() }
}

const texts = { 'run.sh': '#!/bin/sh', '.envrc': 'x', 'src/.config/a': 'y', 'src/学习.py': 'z' }
const modes = {
  executables: ['run.sh'],
  links: { 'src/up': '../run.sh', 'to-src': 'src', out: '../../outside', root: '/etc/passwd' },
}
const everything = { ...texts, ...linksOf(modes.links) }

function linksOf(links: Texts): Texts {
  return Object.fromEntries(Object.entries(links).map(([path, to]) => [path, `-> ${to}`]))
}

test('own work comes back whole, with modes and links, also after a restart', async () => {
  await using temporary = await temporaryDirectory()
  let cid: Cid
  {
    await using doors = await bothDoors(temporary.dir)
    cid = await publish(doors.own, texts, modes)
  }

  await using doors = await bothDoors(temporary.dir)
  const { content, executables, withheld } = await checkedOut(doors.own, cid)

  assert.deepEqual(content, everything)
  assert.deepEqual([executables, withheld], [['run.sh'], []])
})

test('of foreign work only plain files are written, and the rest is told', async () => {
  await using doors = await bothDoors()
  const cid = await publish(doors.remote, texts, modes)

  const { content, executables, withheld } = await checkedOut(doors.own, cid)

  assert.deepEqual(content, { 'run.sh': '#!/bin/sh', 'src/学习.py': 'z' })
  assert.deepEqual(executables, [])
  assert.deepEqual(withheld, [
    '.envrc hidden',
    'out symlink',
    'root symlink',
    'run.sh executable',
    'src/.config/a hidden',
    'src/up symlink',
    'to-src symlink',
  ])
})

test('over the network all work is foreign, whatever the server says of it', async () => {
  await using doors = await bothDoors()
  const cid = await publish(doors.own, texts, modes)

  assert.equal((await checkedOut(doors.remote, cid)).withheld.length, 7)
})

test('trusted modes are executable bits, and links that stay inside', async () => {
  await using doors = await bothDoors()
  const cid = await publish(doors.remote, texts, modes)

  const { content, executables, withheld } = await checkedOut(doors.own, cid, { trust: 'modes' })

  assert.deepEqual(content, {
    'run.sh': '#!/bin/sh',
    'src/up': '-> ../run.sh',
    'src/学习.py': 'z',
    'to-src': '-> src',
  })
  assert.deepEqual(executables, ['run.sh'])
  assert.deepEqual(withheld, [
    '.envrc hidden',
    'out symlink',
    'root symlink',
    'src/.config/a hidden',
  ])
})

test('with full trust foreign work is written as it is', async () => {
  await using doors = await bothDoors()
  const cid = await publish(doors.remote, texts, modes)

  const { content, withheld } = await checkedOut(doors.own, cid, { trust: 'all' })

  assert.deepEqual([content, withheld], [everything, []])
})

for (const links of [
  { a: '..' },
  { a: 'b/../../x' },
  { 'a/b/up': '.', 'a/b/esc': 'up/../../../x' },
  { 'a/b': '../../x' },
  { a: '.git/config' },
  { a: '/' },
]) {
  test(`of the links ${JSON.stringify(links)}, none leads out of foreign work`, async () => {
    await using doors = await bothDoors()
    const cid = await publish(doors.remote, { x: '1' }, { links })

    const { content } = await checkedOut(doors.own, cid, { trust: 'modes' })

    const written = Object.entries(content).filter(([path]) => path !== 'x')
    assert.ok(written.every(([, to]) => to === '-> .'))
  })
}

const layouts: readonly (readonly string[])[] = [
  ['HEAD', 'config', 'objects/x', 'refs/x'],
  ['sub/HEAD', 'sub/objects/x', 'sub/refs/x'],
  ['HEAD', 'commondir'],
  ['x/.git/config'],
  ['x/.GIT/config'],
  ['sub/.grove/grove.json'],
  ['sub/.Grove/grove.json'],
]

for (const paths of layouts) {
  test(`foreign work with ${paths.join(', ')} is refused`, async () => {
    await using doors = await bothDoors()
    const files = Object.fromEntries(['a', ...paths].map((path) => [path, 'x']))
    const foreign = await publish(doors.remote, files)
    const own = await publish(doors.own, files, {}, { summary: 'own' })

    await assert.rejects(checkedOut(doors.own, foreign), withCode('refused', paths[0]))
    await assert.rejects(checkedOut(doors.own, foreign, { trust: 'modes' }), withCode('refused'))

    assert.deepEqual((await checkedOut(doors.own, foreign, { trust: 'all' })).content, files)
    assert.deepEqual((await checkedOut(doors.own, own)).content, files)
  })
}

test('foreign work does not complete or change a git repository that is there', async () => {
  await using doors = await bothDoors()
  await using temporary = await temporaryDirectory()
  const own = await publish(doors.own, { HEAD: '1', 'objects/x': '2', 'sub/.git/HEAD': '3' })
  await checkoutInto(doors.own, own, temporary.dir)
  const into = async (texts: Texts) =>
    checkoutInto(doors.own, await publish(doors.remote, texts), temporary.dir, { overwrite: true })

  await assert.rejects(into({ 'refs/x': '4' }), withCode('refused'))
  await into({ 'sub/a': '5' })

  assert.deepEqual(await contentOf(temporary.dir), {
    HEAD: '1',
    'objects/x': '2',
    'sub/.git/HEAD': '3',
    'sub/a': '5',
  })
})

test('foreign work whose files one directory can’t hold is written whole, by its names', async () => {
  await using doors = await bothDoors()
  const { hash } = await doors.own.uploadBlob(Buffer.from('x'))
  const artifacts = { a: hash, 'a/./b': hash, 'a/b': hash }
  const contribution = sealDraft({ ...plainDraft, artifacts }, 0)
  await doors.node.contributions.put(contribution, { origin: 'peer', receivedAt: 0 })

  const { content, withheld } = await checkedOut(doors.own, contribution.cid)

  assert.deepEqual(content, { 'a/b': 'x', 'a/~dot/b': 'x', 'a~file': 'x' })
  assert.deepEqual(withheld, [])
})

test('a checkout that would write nothing fails and says what to do', async () => {
  await using doors = await bothDoors()
  await using temporary = await temporaryDirectory()
  const target = join(temporary.dir, 'work')
  const work = await publish(doors.own, { a: '1' })
  const relations = [{ targetCid: work, relationType: 'reproduces' as const }]
  const draft = { kind: 'reproduction' as const, relations }
  const reproduction = await publish(doors.own, {}, {}, draft)
  const hidden = await publish(doors.remote, { '.envrc': 'x' })

  await assert.rejects(
    doors.library.checkout(reproduction, target),
    withCode('not-found', `has no files: check out what it reproduces, ${shortCid(work)}`),
  )
  await assert.rejects(
    doors.library.checkout(hidden, target),
    withCode('not-found', 'the option trust writes them'),
  )

  assert.deepEqual(await contentOf(temporary.dir), {})
})

test('a file is chosen by its path or by its artifact’s name', async () => {
  await using doors = await bothDoors()
  const cid = await publish(doors.own, { 'a (1).txt': '1', b: '2' }, { links: { l: 'b' } })

  const byPath = await checkedOut(doors.own, cid, { artifacts: ['a (1).txt', 'l'] })
  const byName = await checkedOut(doors.own, cid, { artifacts: [nameOf('a (1).txt')] })

  assert.deepEqual(byPath.content, { 'a (1).txt': '1', l: '-> b' })
  assert.deepEqual(byName.content, { 'a (1).txt': '1' })
  await assert.rejects(
    checkedOut(doors.own, cid, { artifacts: ['c'] }),
    withCode('not-found', "has no file 'c'"),
  )
})

test('after an overwrite, what else lies in the directory is told', async () => {
  await using temporary = await temporaryDirectory()
  await using doors = await bothDoors()
  const before = await publish(doors.own, { 'a.txt': '1', 'lib/kept': '1', 'lib/gone': '1' })
  const after = await publish(doors.own, { 'a.txt': '2', 'lib/kept': '2' })
  const directory = join(temporary.dir, 'work')
  await checkoutInto(doors.own, before, directory)
  await writeFiles(directory, { '.hidden': 'x', 'mine/deep/file': 'x' })

  const whole = await checkoutInto(doors.own, after, directory, { overwrite: true })
  const some = await checkoutInto(doors.own, after, directory, {
    overwrite: true,
    artifacts: ['a.txt'],
  })

  assert.deepEqual(whole.others, ['lib/gone', 'mine/'])
  assert.deepEqual(some.others, [])
})

test('a file is found by its path however its accents are composed', async () => {
  await using temporary = await temporaryDirectory()
  await using doors = await bothDoors()
  const [composed, decomposed] = ['für.txt'.normalize('NFC'), 'für.txt'.normalize('NFD')]
  const one = await publish(doors.own, { [composed]: 'x', 'other.txt': 'x' })
  const both = await publish(doors.own, { [composed]: 'x', [decomposed]: 'y' })
  const chosen = async (cid: Cid, directory: string) => {
    const options = { artifacts: [decomposed] }
    const { files } = await checkoutInto(doors.own, cid, join(temporary.dir, directory), options)
    return files.map(({ path }) => path)
  }

  assert.deepEqual(await chosen(one, 'one'), [composed])
  assert.deepEqual(await chosen(both, 'both'), [decomposed])
})
