import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import type { GroveApi } from '../../../../src/api/client/api.ts'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { publishTree } from '../../../../src/api/client/publish-tree.ts'
import { publishFiles } from '../../../../src/api/client/stage.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { withCode } from '../../../support/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { testNode } from '../../../support/test-node.ts'

const bytes = Buffer.alloc(100_000, 'large')
const target = hashBytes(Buffer.from('nobody has it'))
const scored = (direction: 'maximize' | 'minimize'): Draft => ({
  ...plainDraft,
  scores: { lines: { value: 5, direction } },
})
const dangling: Draft = {
  ...plainDraft,
  relations: [{ targetCid: target, relationType: 'derives_from' }],
}
const unnamed: Draft = { ...plainDraft, artifacts: { 'other.bin': target } }

test('a draft that is refused sends no files', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  await grove.publish(scored('maximize'))
  const source = { path: 'a.bin', open: () => bytes }
  const file = { name: 'a.bin', open: () => bytes }

  for (const [draft, code] of [
    [scored('minimize'), 'metric-conflict'],
    [dangling, 'relation-target-missing'],
    [unnamed, 'artifact-missing'],
  ] as const) {
    await assert.rejects(publishTree(grove, draft, [source]), withCode(code))
    await assert.rejects(publishFiles(grove, draft, [file]), withCode(code))
  }
  assert.equal(await holder.node.blobs.stat(hashBytes(bytes)), undefined)

  await publishTree(grove, scored('minimize'), [source], { insist: true })
})

test('an older server, which says nothing of a draft before, is published to', async () => {
  await using holder = testNode()
  const grove: GroveApi = {
    ...localClient(holder.node),
    checkDraft: () => Promise.reject(new GroveError('not-found')),
  }

  const { artifacts } = await publishFiles(grove, plainDraft, [
    { name: 'a.bin', open: () => bytes },
  ])

  assert.deepEqual(artifacts, { 'a.bin': hashBytes(bytes) })
})

test('the files that follow a refused draft in a multipart body are not stored', async () => {
  await using holder = testNode()
  const answerer = new ApiAnswerer(holder.node)
  const part = (name: string, content: string) =>
    `--xx\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`
  const post = (draft: Draft) =>
    memoryRequest({
      method: 'POST',
      target: '/api/contributions',
      headers: { 'content-type': 'multipart/form-data; boundary=xx' },
      body: `${part('manifest', JSON.stringify(draft))}${part('artifact:a', `${bytes}`)}--xx--`,
    })

  const refused = await answerer.answer(post(dangling))
  const stored = await holder.node.blobs.stat(hashBytes(bytes))
  const named = { artifacts: { a: hashBytes(bytes) } }
  const taken = await answerer.answer(post({ ...plainDraft, ...named }))

  assert.deepEqual([refused.response.status, stored, taken.response.status], [404, undefined, 201])
})
