import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allFiles } from '../../../../src/api/client/files.ts'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { publishTree } from '../../../../src/api/client/publish-tree.ts'
import type { TreeSource } from '../../../../src/api/client/tree-source.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import { sealDraft } from '../../../../src/core/contribution/contribution.ts'
import { PACK_FORM, planPack } from '../../../../src/core/contribution/pack.ts'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import { withCode } from '../../../support/errors.ts'
import { hold, testNode } from '../../../support/test-node.ts'

const draft: Draft = {
  kind: 'work',
  mode: 'exploration',
  summary: 'a tree',
  agent: { agentId: 'tester' },
}
const source = (path: string, text: string, executable = false): TreeSource => ({
  path,
  executable,
  sizeBytes: Buffer.byteLength(text),
  open: () => Buffer.from(text),
})
const few: TreeSource[] = [
  source('pkg/__init__.py', ''),
  source('学习.txt', 'learn'),
  source('run.sh', '#!/bin/sh\n', true),
  source('raw\udce9', 'bytes'),
  { path: 'latest', symlink: 'run.sh' },
]
/** So many that they don't fit into a manifest. */
const many = [
  ...few,
  ...Array.from({ length: 1_100 }, (_, at) => source(`d${at % 9}/f ${at}`, `text ${at % 800}`)),
]

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

for (const [form, sources] of Object.entries({ artifacts: few, 'a pack': many })) {
  test(`files published as ${form} are listed by path, with modes and links`, async () => {
    await using grove = testNode()
    const api = localClient(grove.node)

    const { cid, context } = await publishTree(api, draft, sources)
    const files = await allFiles(api, cid)

    assert.equal(context?.grove !== undefined && 'pack' in Object(context.grove), form === 'a pack')
    assert.deepEqual(
      new Set(files.map(({ path }) => path)),
      new Set(sources.map(({ path }) => path)),
    )
    const byPath = new Map(files.map((file) => [file.path, file]))
    const hash = hashBytes(Buffer.from('#!/bin/sh\n'))
    assert.deepEqual(byPath.get('run.sh'), {
      path: 'run.sh',
      name: 'run.sh',
      hash,
      artifact: byPath.get('run.sh')?.artifact,
      sizeBytes: 10,
      mode: '755',
      state: 'here',
    })
    assert.deepEqual(byPath.get('latest'), {
      path: 'latest',
      name: 'latest',
      symlink: 'run.sh',
      state: 'here',
    })
    assert.equal(byPath.get('pkg/__init__.py')?.sizeBytes, 0)
  })

  test(`a file published as ${form} is read by its path, whole and in part`, async () => {
    await using grove = testNode()
    const api = localClient(grove.node)
    const { cid } = await publishTree(api, draft, sources)

    const read = async (path: string, range?: { start: number; end: number }) =>
      textOf((await api.file({ cid, path, ...(range && { range }) })).body)

    assert.equal(await read('学习.txt'), 'learn')
    assert.equal(await read('学习.txt', { start: 1, end: 3 }), 'ear')
    assert.equal(await read('raw\udce9'), 'bytes')
    assert.equal(await read('pkg/__init__.py'), '')
    await assert.rejects(read('latest'), withCode('not-found', "symbolic link to 'run.sh'"))
    await assert.rejects(read('pkg'), withCode('not-found'))
    await assert.rejects(read('../run.sh'), withCode('not-found'))
  })
}

test('a grove of 0.1 accepts the manifest of any tree', async () => {
  await using grove = testNode()

  const { cid, ...manifest } = await publishTree(localClient(grove.node), draft, many)

  assert.equal(sealDraft(manifest, 0).cid, cid)
  const names = Object.keys(manifest.artifacts)
  assert.ok(names.length <= 1_000)
  for (const name of names) assert.match(name, /^[a-zA-Z0-9][a-zA-Z0-9._/ -]{0,255}$/)
})

test('equal trees are published with equal artifacts', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)

  const first = await publishTree(api, draft, many)
  const second = await publishTree(api, draft, many.toReversed())

  assert.deepEqual(second.artifacts, first.artifacts)
})

test('a pack whose parts have other bytes than its index says gives no wrong byte', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const plan = planPack([
    { name: 'a', hash: hashBytes(Buffer.from('right')), sizeBytes: 5 },
    { name: 'b', hash: hashBytes(Buffer.from('far')), sizeBytes: 2_000 },
  ])
  const index = await grove.node.blobs.put(plan.index)
  const part = await grove.node.blobs.put(Buffer.from('wrong'))
  const artifacts = { 'tree.index': index.hash, 'part.0': part.hash, 'part.1': part.hash }
  const sealed = sealDraft({ ...draft, artifacts, context: { grove: { pack: PACK_FORM } } }, 0)
  await hold(grove, sealed)

  const read = async (path: string) => textOf((await api.file({ cid: sealed.cid, path })).body)

  await assert.rejects(read('a'), withCode('pack-invalid'))
  await assert.rejects(read('b'), withCode('pack-invalid'))
})

test('a pack whose index lists what the manifest lacks, or is none, is refused', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const { index } = planPack([{ name: 'a', hash: hashBytes(Buffer.from('a')), sizeBytes: 1 }])

  for (const bytes of [Buffer.from(index), Buffer.from('no index\n')]) {
    const { hash } = await grove.node.blobs.put(bytes)
    const context = { grove: { pack: PACK_FORM } }
    const sealed = sealDraft({ ...draft, artifacts: { 'tree.index': hash }, context }, 0)
    await hold(grove, sealed)

    await assert.rejects(api.files({ cid: sealed.cid }), withCode('pack-invalid'))
  }
})

test('a pack without its index here says that it is to be fetched', async () => {
  await using grove = testNode()
  const artifacts = { 'tree.index': hashBytes(Buffer.from('elsewhere')) }
  const sealed = sealDraft({ ...draft, artifacts, context: { grove: { pack: PACK_FORM } } }, 0)
  await hold(grove, sealed)

  const listing = localClient(grove.node).files({ cid: sealed.cid })

  await assert.rejects(listing, withCode('blob-missing', 'fetch the contribution'))
})

test('a page of files ends early where the names are long', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const long = Array.from({ length: 900 }, (_, at) =>
    source(`${'d'.repeat(250)}/${'e'.repeat(250)}/${at}/${'f'.repeat(250)}`, ''),
  )
  const { cid } = await publishTree(api, draft, long)

  const { files, total, next } = await api.files({ cid, limit: 1_000 })

  assert.equal(total, 900)
  assert.ok(files.length < 900 && next === files.length)
  assert.equal((await allFiles(api, cid)).length, 900)
})
