import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import { Completeness } from '../../../../src/node/sync/completeness.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { hold, type TestNode, testNode } from '../../../support/test-node.ts'

const [first, second] = [someBytes(500, 1), someBytes(500, 2)]
const item = work('with two files', {
  artifacts: { 'a.bin': hashBytes(first), 'b.bin': hashBytes(second) },
})

/** What Completeness asks of a grove, which manifests it reads, and how much damage is known. */
function watched({ node }: TestNode) {
  const { blobs } = node
  const read: string[] = []
  const health = { damages: 0 }
  const contributions = {
    bytes(cid: Cid) {
      read.push(cid)
      return node.contributions.bytes(cid)
    },
  }
  return { read, health, blobs, contributions, breathe: () => undefined }
}

test('what has all of its artifacts is read once, however often it is asked about', async () => {
  await using grove = testNode()
  await hold(grove, item)
  for (const bytes of [first, second]) await grove.node.blobs.put(bytes)
  const [completeness, node] = [new Completeness(), watched(grove)]

  for (let round = 0; round < 3; round++)
    assert.deepEqual(await completeness.partialAmong(node, new Set([item.cid])), new Set())

  assert.deepEqual(node.read, [item.cid])
})

test('what lacks an artifact is read again only when that has come', async () => {
  await using grove = testNode()
  await hold(grove, item)
  const [completeness, node, asked] = [new Completeness(), watched(grove), new Set([item.cid])]
  for (let round = 0; round < 3; round++)
    assert.deepEqual(await completeness.partialAmong(node, asked), asked)
  assert.deepEqual(node.read, [item.cid])

  await grove.node.blobs.put(first)
  assert.deepEqual(await completeness.partialAmong(node, asked), asked)
  await grove.node.blobs.put(second)
  assert.deepEqual(await completeness.partialAmong(node, asked), new Set())

  assert.deepEqual(node.read, [item.cid, item.cid, item.cid])
})

test('after damage was found, what had all of its artifacts is looked at again', async () => {
  await using grove = testNode()
  await hold(grove, item)
  for (const bytes of [first, second]) await grove.node.blobs.put(bytes)
  const [completeness, node, asked] = [new Completeness(), watched(grove), new Set([item.cid])]
  await completeness.partialAmong(node, asked)

  await grove.node.blobs.delete(hashBytes(second))
  node.health.damages += 1

  assert.deepEqual(await completeness.partialAmong(node, asked), asked)
})
