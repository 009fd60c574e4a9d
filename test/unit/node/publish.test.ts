import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { PACK_FORM, planPack } from '../../../src/core/contribution/pack.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { publish } from '../../../src/node/publish.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft } from '../../support/http.ts'
import { testNode } from '../../support/test-node.ts'

test('files that one directory cannot hold are refused, all named', async () => {
  await using grove = testNode()
  const { hash } = await grove.node.blobs.put(Buffer.from('x'))
  const names = ['a', 'a/b', 'c/./d', 'l'.repeat(256), 'fine.py']

  const outcome = publish(grove.node, {
    kind: 'work',
    mode: 'exploration',
    summary: 'conflicting',
    artifacts: Object.fromEntries(names.map((name) => [name, hash])),
    agent: { agentId: 'tester' },
  })

  await assert.rejects(outcome, (error) => {
    assert.ok(isGroveError(error, 'validation-error'))
    assert.deepEqual(error.details.names, ['a', 'c/./d', 'l'.repeat(256)])
    return true
  })
})

test('a draft of as many members as are allowed is sealed in steps, with others in between', async () => {
  await using grove = testNode()
  const context = Object.fromEntries(Array.from({ length: 16_000 }, (_, n) => [`member-${n}`, n]))
  let turns = 0
  const turn = () => void turns++

  const { contribution } = await publish(grove.node, { ...plainDraft, context }, { turn })

  assert.deepEqual(contribution.manifest.context, context)
  assert.ok(turns >= 30, `${turns} turns`)
})

const bytes = Buffer.from('1')
const files = [{ name: 'a.py', hash: hashBytes(bytes), sizeBytes: bytes.byteLength }]
const { index } = planPack(files)

for (const [what, list, parts] of [
  ['no index', Buffer.from('no index\n'), ['part.0']],
  ['an index of parts that it lacks', Buffer.from(index), []],
] as const) {
  test(`a pack with ${what} is refused, whether the index came before or with the draft`, async () => {
    await using grove = testNode()
    const hash = hashBytes(list)
    const draft = {
      ...plainDraft,
      artifacts: {
        'tree.index': hash,
        ...Object.fromEntries(parts.map((n) => [n, hashBytes(bytes)])),
      },
      context: { grove: { pack: PACK_FORM } },
    }
    await grove.node.blobs.put(bytes)

    const pending = [{ hash, bytes: list }]
    await assert.rejects(publish(grove.node, draft, { pending }), withCode('validation-error'))
    await grove.node.blobs.put(list)
    await assert.rejects(publish(grove.node, draft), withCode('validation-error'))
  })
}

test('a pack whose index comes with the draft is published', async () => {
  await using grove = testNode()
  const hash = hashBytes(index)
  await grove.node.blobs.put(bytes)
  const draft = {
    ...plainDraft,
    artifacts: { 'tree.index': hash, 'part.0': hashBytes(bytes) },
    context: { grove: { pack: PACK_FORM } },
  }

  const { added } = await publish(grove.node, draft, { pending: [{ hash, bytes: index }] })

  assert.equal(added, true)
})
