/** Trees of any size go from one grove to another, and come back as they were. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { GroveApi } from '../../../src/api/client/api.ts'
import { checkoutInto } from '../../../src/api/client/checkout.ts'
import { chosenFiles } from '../../../src/api/client/files.ts'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import { publishTree } from '../../../src/api/client/publish-tree.ts'
import type { TreeSource } from '../../../src/api/client/tree-source.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import { PACK_FORM, planPack } from '../../../src/core/contribution/pack.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { refuseExpansion, requireRoom } from '../../../src/workspace/room.ts'
import { withCode } from '../../support/errors.ts'
import { contentOf } from '../../support/files/workspace.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'
import { hold, testNode } from '../../support/test-node.ts'

const at = testFolder()
let elsewhere: ServedNode
let here: ServedNode
let remote: GroveApi
let own: GroveApi
before(async () => {
  elsewhere = await serveNode()
  here = await serveNode()
  remote = groveClient(elsewhere.url, systemClock)
  own = localClient(here.node)
})
after(async () => {
  await remote.close()
  await elsewhere[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})

const source = (path: string, text: string, executable = false): TreeSource => ({
  path,
  executable,
  open: () => Buffer.from(text),
})
const few = [
  source('pkg/__init__.py', ''),
  source('app/(auth)/[id].tsx', 'tsx'),
  source('数据/学习 1.txt', '学'),
  source('bin/run', '#!/bin/sh\n', true),
  { path: 'bin/latest', symlink: 'run' },
]
const many = [
  ...few,
  source('model.bin', 'm'.repeat(300_000)),
  ...Array.from({ length: 1_100 }, (_, n) => source(`d${n % 7}/f${n}`, `text ${n % 900}`)),
]

async function textsOf(sources: readonly TreeSource[]): Promise<Record<string, string>> {
  const texts = sources.map((each) => [
    each.path,
    each.symlink === undefined ? String(each.open()) : `-> ${each.symlink}`,
  ])
  return Object.fromEntries(texts.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}

for (const [form, sources] of Object.entries({ artifacts: few, 'a pack': many })) {
  test(`a tree published as ${form} travels to another grove and is checked out`, async () => {
    const target = at(`tree as ${form}`)
    const { cid } = await publishTree(remote, plainDraft, sources)
    await own.fetchContribution({ cid, peer: elsewhere.url })

    const result = await checkoutInto(own, cid, target, { trust: 'modes' })

    assert.deepEqual(await contentOf(target), await textsOf(sources))
    assert.deepEqual([result.withheld, result.conflicts], [[], []])
    const executables = result.files.filter((file) => 'executable' in file)
    assert.deepEqual(
      executables.map(({ path }) => path),
      ['bin/run'],
    )
  })
}

test('a pack is read by its parts, and file by file only where a part is not right', async () => {
  const { cid, artifacts } = await publishTree(own, plainDraft, many)
  const asked = { files: 0, blobs: 0 }
  const counted = (part?: (text: string) => string): GroveApi => ({
    ...own,
    isLocal: own.isLocal,
    file: (...call) => {
      asked.files++
      return own.file(...call)
    },
    async blob(...call) {
      asked.blobs++
      const download = await own.blob(...call)
      if (part === undefined || call[0].hash !== artifacts['part.0']) return download
      return { ...download, body: Readable.from([Buffer.from(part(await text(download.body)))]) }
    },
  })

  await checkoutInto(counted(), cid, at('by-parts'))
  const sound = { ...asked }
  const lie = (part: string) => part.replace('text 7', 'TEXT 7')
  await checkoutInto(counted(lie), cid, at('by-files'))

  // The file of its own is the only one that is asked for; the others take the index and a part.
  const parts = Object.keys(artifacts).filter((name) => name.startsWith('part.')).length
  assert.deepEqual(sound, { files: 1, blobs: 1 + parts })
  assert.ok(asked.files > 2 && asked.files < 10, String(asked.files))
  assert.deepEqual(await contentOf(at('by-files')), await contentOf(at('by-parts')))
})

test('for one file of a pack only the part that holds it is fetched', async () => {
  const sources = Array.from({ length: 1_100 }, (_, n) => source(`p/${n}`, `${n} `.repeat(1_000)))
  const { cid, artifacts } = await publishTree(remote, plainDraft, sources)
  const peer = elsewhere.url
  const target = at('one file')

  const chosen = (await chosenFiles(own, cid, ['p/7'], { peer })).artifacts
  await own.fetchContribution({ cid, peer, artifacts: [...chosen] })
  await checkoutInto(own, cid, target, { artifacts: ['p/7'] })

  assert.deepEqual(await contentOf(target), { 'p/7': '7 '.repeat(1_000) })
  assert.equal(chosen.length, 1)
  const missing = await here.node.blobs.missing(Object.values(artifacts))
  assert.equal(missing.length, Object.keys(artifacts).length - 2)
  assert.ok(missing.length > 0)
})

test('a contribution whose names conflict is checked out by its names, and says so', async () => {
  await using grove = testNode()
  const { hash } = await grove.node.blobs.put(Buffer.from('x'))
  const artifacts = { a: hash, 'a/b': hash, 'x-u-__init__.py': hash }
  const sealed = sealDraft({ ...plainDraft, artifacts }, 0)
  await hold(grove, sealed)
  const target = at('conflicts')

  const { conflicts } = await checkoutInto(localClient(grove.node), sealed.cid, target)

  assert.deepEqual(conflicts, ['a'])
  assert.deepEqual(Object.keys(await contentOf(target)), ['a/b', 'a~file', 'x-u-__init__.py'])
})

test('a file whose bytes are not UTF-8 in its name comes back under the same bytes', async () => {
  const { cid } = await publishTree(own, plainDraft, [source('caf\udce9', 'latin 1')])
  const target = at('odd bytes')

  await checkoutInto(own, cid, target)

  const path = Buffer.concat([Buffer.from(`${target}/caf`), Buffer.of(0xe9)])
  assert.equal(readFileSync(path, 'utf8'), 'latin 1')
})

test('a foreign pack that repeats one content to fill the disk is refused', async () => {
  await using grove = testNode()
  const bytes = Buffer.alloc(1024 * 1024)
  const hash = hashBytes(bytes)
  const bomb = Array.from({ length: 5_000 }, (_, n) => ({
    name: `f${n}`,
    hash,
    sizeBytes: bytes.byteLength,
  }))
  const { index } = planPack(bomb)
  const list = await grove.node.blobs.put(index)
  await grove.node.blobs.put(bytes)
  const artifacts = { 'tree.index': list.hash, [`file.${hash.slice(7)}`]: hash }
  const sealed = sealDraft({ ...plainDraft, artifacts, context: { grove: { pack: PACK_FORM } } }, 0)
  await hold(grove, sealed)

  const checkout = checkoutInto(localClient(grove.node), sealed.cid, at('bomb'))

  await assert.rejects(checkout, withCode('refused', '5000 files'))
})

test('repetition counts against distinct contents, and is free up to 1 GiB', () => {
  const file = (name: string, sizeBytes: number) => ({
    hash: hashBytes(Buffer.from(name)),
    sizeBytes,
  })
  const times = (count: number, sizeBytes: number) =>
    Array.from({ length: count }, () => file('same', sizeBytes))
  const gib = 1024 ** 3

  refuseExpansion(times(100, gib))
  refuseExpansion(times(1_024, 1024 ** 2))
  assert.throws(() => refuseExpansion(times(101, gib)), withCode('refused'))
  refuseExpansion([...times(101, gib), file('other', gib)])
})

test('files that the disk has no room for are refused before the first is written', async () => {
  const files = [{ sizeBytes: 2 ** 60 }]

  await assert.rejects(requireRoom(at('new/folder'), files), withCode('storage-full'))
  await requireRoom(at('new/folder'), [{ sizeBytes: 1 }])
})
