import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { localClient } from '../../../src/api/client/local-client.ts'
import { publishTree, stageTree, withTree } from '../../../src/api/client/publish-tree.ts'
import type { TreeSource } from '../../../src/api/client/tree-source.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { gatherFolder } from '../../../src/gather/folder.ts'
import { withCode } from '../../support/errors.ts'
import { testFolder } from '../../support/folder.ts'
import { testNode } from '../../support/test-node.ts'

const draft: Draft = {
  kind: 'work',
  mode: 'exploration',
  summary: 'a tree',
  agent: { agentId: 'tester' },
}
const source = (path: string, text = path): TreeSource => ({ path, open: () => Buffer.from(text) })
const hashOf = (text: string) => hashBytes(Buffer.from(text))

const onDisk = async (folder: string) => (await gatherFolder(folder, { env: process.env })).files

test('paths become names, modes and links notes beside the context that was given', async () => {
  await using grove = testNode()
  const at = testFolder()
  writeFileSync(at('run.sh'), '#!/bin/sh\n')
  chmodSync(at('run.sh'), 0o755)
  writeFileSync(at('数.txt'), '1')
  symlinkSync('run.sh', at('latest'))
  symlinkSync('/etc/passwd', at('away'))

  const tree = await stageTree(localClient(grove.node), await onDisk(at('.')))

  assert.deepEqual(tree.artifacts, {
    'run.sh': hashOf('#!/bin/sh\n'),
    'x-u--u6570-.txt': hashOf('1'),
  })
  assert.deepEqual(tree.leftOut, ['away'])
  assert.deepEqual(withTree({ ...draft, context: { seed: 1 } }, tree).context, {
    seed: 1,
    grove: { files: { 'run.sh': { mode: '755' }, latest: { symlink: 'run.sh' } } },
  })
})

test('a file of odd bytes is read under its own name', async () => {
  await using grove = testNode()
  const at = testFolder()
  writeFileSync(Buffer.concat([Buffer.from(at('caf')), Buffer.of(0xe9)]), 'latin 1')

  const tree = await stageTree(localClient(grove.node), await onDisk(at('.')))

  assert.deepEqual(tree.artifacts, { 'caf-udce9-': hashOf('latin 1') })
})

test('a growing file is taken at the length it had', async () => {
  await using grove = testNode()
  const at = testFolder()
  const large = 'x'.repeat(2 * 1024 * 1024)
  writeFileSync(at('small.log'), 'one\n')
  writeFileSync(at('large.log'), large)
  const sources = await onDisk(at('.'))
  for (const name of ['small.log', 'large.log']) appendFileSync(at(name), 'two\n')

  const { artifacts } = await stageTree(localClient(grove.node), sources, {
    onProgress: () => appendFileSync(at('large.log'), 'three\n'),
  })

  assert.deepEqual(artifacts, { 'small.log': hashOf('one\n'), 'large.log': hashOf(large) })
})

test('a file that changes between hashing and sending is named', async () => {
  await using grove = testNode()
  const large = (fill: string) => Buffer.alloc(2 * 1024 * 1024, fill)
  const versions = [large('a'), large('b')]
  const changing: TreeSource = { path: 'dir/x.bin', open: () => versions.shift() ?? large('c') }

  const staging = stageTree(localClient(grove.node), [changing])

  await assert.rejects(staging, withCode('hash-mismatch', 'dir/x.bin'))
})

test('a changed file is named by its path in a pack, too', async () => {
  await using grove = testNode()
  let opened = 0
  const changing: TreeSource = {
    path: 'dir/x.bin',
    open: () => Buffer.alloc(2 * 1024 * 1024, String(opened++)),
  }
  const many = Array.from({ length: 1_000 }, (_, at) => source(`f${at}`))

  const staging = stageTree(localClient(grove.node), [changing, ...many])

  await assert.rejects(staging, withCode('hash-mismatch', 'dir/x.bin changed'))
})

test('a file of length 0 that has bytes, as in /proc, is read to its end', async () => {
  await using grove = testNode()
  const odd: TreeSource = { path: 'status', sizeBytes: 0, open: () => Buffer.from('Pid: 1\n') }

  const { artifacts, totalBytes } = await stageTree(localClient(grove.node), [odd])

  assert.deepEqual([artifacts, totalBytes], [{ status: hashOf('Pid: 1\n') }, 7])
})

test('pointers of Git LFS are told', async () => {
  await using grove = testNode()
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'

  const { pointers } = await stageTree(localClient(grove.node), [
    source('model.bin', pointer),
    source('about.md', `see ${pointer}`),
  ])

  assert.deepEqual(pointers, ['model.bin'])
})

test('all files that one directory cannot hold are named', async () => {
  await using grove = testNode()
  const paths = ['a', 'a/b', 'c', 'c', 'd'.repeat(256), 'fine']

  const staging = stageTree(
    localClient(grove.node),
    paths.map((path) => source(path)),
  )

  for (const path of ["'a'", "'c'", `'${'d'.repeat(256)}'`])
    await assert.rejects(staging, withCode('usage-error', path))
})

test('all that are no paths are named', async () => {
  await using grove = testNode()

  const staging = stageTree(
    localClient(grove.node),
    ['../a', '/b', 'c'].map((path) => source(path)),
  )

  await assert.rejects(staging, withCode('usage-error', "'../a', '/b'"))
})

test('more than 1,000 files, a long name, or many long names make a pack', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const forms = async (sources: readonly TreeSource[]) => (await stageTree(api, sources)).isPack
  const numbered = (count: number, path = '') =>
    Array.from({ length: count }, (_, at) => source(`${path}${at}`, ''))

  assert.equal(await forms(numbered(1_000)), false)
  assert.equal(await forms(numbered(1_001)), true)
  assert.equal(await forms([source(`${'学/'.repeat(40)}x`)]), true)
  assert.equal(
    await forms(numbered(1_000, 'l'.repeat(250)).map((each) => ({ ...each, executable: true }))),
    true,
  )
})

test('a pack leaves no room for further artifacts, and two of one name are refused', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const { hash } = await grove.node.blobs.put(Buffer.from('a'))
  const named = { ...draft, artifacts: { a: hash } }
  const many = Array.from({ length: 1_001 }, (_, at) => source(`f${at}`))

  await assert.rejects(publishTree(api, named, many), withCode('usage-error'))
  await assert.rejects(publishTree(api, named, [source('a')]), withCode('usage-error', "'a'"))
})

test('a context that was taken from a pack makes no pack of other files', async () => {
  await using grove = testNode()
  const api = localClient(grove.node)
  const context = { seed: 1, grove: { pack: 'grove-pack/1', git: { dirty: false } } }

  const { cid, ...published } = await publishTree(api, { ...draft, context }, [
    source('tree.index'),
  ])

  assert.deepEqual(published.context, { seed: 1, grove: { git: { dirty: false } } })
  assert.equal((await api.files({ cid })).files.length, 1)
})
