import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { localClient } from '../../../src/api/client/local-client.ts'
import { type ArtifactFile, stageFiles } from '../../../src/api/client/stage.ts'
import { allOperations } from '../../../src/api/operations/table.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { Grove } from '../../../src/grove.ts'
import { openGrove } from '../../../src/index.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { plainDraft } from '../../support/http.ts'
import { collect } from '../../support/peer.ts'
import { testNode } from '../../support/test-node.ts'

const groveOver = ({ node }: ReturnType<typeof testNode>) =>
  new Grove({ api: localClient(node), peerId: 'self', url: undefined, close: async () => {} })
const fileOf = (name: string, text: string): ArtifactFile => ({
  name,
  open: () => Buffer.from(text),
})

test('the library has every JSON operation of the table under its name', async () => {
  await using holder = testNode()
  const { api } = groveOver(holder)

  for (const { name, kind } of allOperations)
    if (kind === 'json') assert.equal(typeof api[name as 'grove'], 'function', name)
})

test('without a limit the library returns as many items as the operation', async () => {
  await using holder = testNode()
  const grove = groveOver(holder)
  for (let n = 0; n < 25; n++) await grove.publish({ ...plainDraft, summary: `same words ${n}` })

  const found = await grove.search('same words')

  assert.equal(found.length, 20)
  assert.deepEqual(found, (await grove.api.search({ q: 'same words' })).results)
})

test('the library publishes and checks out bytes, streams, text and blobs', async () => {
  await using temporary = await temporaryDirectory()
  await using holder = testNode()
  const grove = groveOver(holder)
  const { hash } = await grove.api.uploadBlob(Buffer.from('blob'))
  const stream = (async function* () {
    yield Buffer.from('stream')
  })()

  const { cid } = await grove.publish({
    ...plainDraft,
    artifacts: { a: Buffer.from('bytes'), b: stream, c: 'text', d: hash },
  })
  const { files } = await grove.checkout(cid, join(temporary.dir, 'work'))

  const texts = files
    .map(({ name }) => name)
    .toSorted()
    .map((name) => readFile(join(temporary.dir, 'work', name), 'utf8'))
  assert.deepEqual(await Promise.all(texts), ['bytes', 'stream', 'text', 'blob'])
  assert.equal(Buffer.concat(await collect(await grove.artifact(cid, 'b'))).toString(), 'stream')
})

test('the library gives undefined for a missing item, and throws for an invalid cid', async () => {
  await using holder = testNode()
  const grove = groveOver(holder)

  assert.equal(await grove.get(hashBytes(Buffer.from('absent'))), undefined)
  await assert.rejects(grove.get('nonsense'), withCode('cid-invalid'))
})

test('all files are staged, at most eight at once', async () => {
  await using holder = testNode()
  let [open, most] = [0, 0]
  const files = Array.from({ length: 20 }, (_, n) => ({
    name: `file-${n}`,
    async *open() {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setImmediate(resolve))
      yield Buffer.from(`content ${n}`)
      open -= 1
    },
  }))

  const { artifacts } = await stageFiles(localClient(holder.node), files as ArtifactFile[])

  assert.equal(most, 8)
  assert.equal(Object.keys(artifacts).length, 20)
  assert.deepEqual(await holder.node.blobs.missing(Object.values(artifacts)), [])
})

test('with skipHeld only missing files are sent, equal ones once', async () => {
  await using holder = testNode()
  await holder.node.blobs.put(Buffer.from('held'))
  const files = [fileOf('a', 'held'), fileOf('b', 'new'), fileOf('c', 'new')]
  const sent: string[] = []

  const staged = await stageFiles(localClient(holder.node), files, {
    skipHeld: true,
    onProgress: ({ name, sentBytes, totalBytes }) =>
      void sent.push(`${name} ${sentBytes}/${totalBytes}`),
  })

  assert.equal(sent.length, 1)
  assert.match(sent[0] ?? '', /3\/3$/)
  assert.equal(staged.totalBytes, 'held'.length + 2 * 'new'.length)
  assert.deepEqual(staged.artifacts.b, hashBytes(Buffer.from('new')))
})

test('with skipHeld the error names a file that changes while it is read', async () => {
  await using holder = testNode()
  let read = 0
  const file: ArtifactFile = { name: 'log.txt', open: () => Buffer.from(`state ${read++}`) }

  await assert.rejects(
    stageFiles(localClient(holder.node), [file], { skipHeld: true }),
    (error) => isGroveError(error, 'hash-mismatch') && error.details.name === 'log.txt',
  )
})

test('a publish with one artifact that fails does not wait for one that never ends', async () => {
  await using holder = testNode()
  const grove = groveOver(holder)
  const endless = new ReadableStream<Uint8Array>()
  const failing = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('the tape tore')),
  })

  const publishing = grove.publish({ ...plainDraft, artifacts: { endless, failing } })

  await assert.rejects(publishing, /the tape tore/)
})

test('openGrove refuses what would silently keep the data in memory', async () => {
  for (const options of [{ dri: '/data' }, { dir: undefined }, { dir: '' }, { dir: 7 }])
    await assert.rejects(openGrove(options as object), withCode('usage-error'), inspect(options))
})
