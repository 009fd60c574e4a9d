import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import type { ContributionView } from '../../../../src/core/contribution/schema.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { plainDraft } from '../../../support/http.ts'
import { testNode } from '../../../support/test-node.ts'

async function withAgent(work: (call: Call, cid: string) => Promise<void>): Promise<void> {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const { cid } = await grove.publish(plainDraft)
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const files = { roots: ['.'] }
  await serveMcp({ grove, agent: { agentId: 'tester' }, log: silentLog, files }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  await work(async (name, given) => {
    const { content } = await client.callTool({ name, arguments: given })
    return JSON.parse((content as [{ text: string }])[0].text)
  }, cid)
  await client.close()
}

type Call = (name: string, given: Record<string, unknown>) => Promise<unknown>

test('an error in an argument of a tool shows the form of the argument', () =>
  withAgent(async (call) => {
    const message = async (given: Record<string, unknown>) => {
      const answer = await call('grove_submit_work', { summary: 'x', ...given })
      return (answer as { error: { message: string } }).error.message
    }

    assert.equal(
      await message({ files: ['a.py'] }),
      'files: must be an object; for example files: {"src/train.py":"work/src/train.py"}',
    )
    assert.match(
      await message({ scores: { acc: 0.9 } }),
      /example scores: {"val_bpb":{"value":0.97/,
    )
    assert.match(await message({ relations: ['24c4'] }), /"relationType":"derives_from"/)
    assert.equal(await message({ colour: 1 }), 'has an unknown member: colour')
  }))

test('what tools publish has the defaults of the command line', () =>
  withAgent(async (call, cid) => {
    const scores = { quality: { value: 0.9 } }
    const published = async (name: string, given: Record<string, unknown>) =>
      call('grove_show', { cid: ((await call(name, given)) as { cid: string }).cid })

    const views = (await Promise.all([
      published('grove_submit_review', { targetCid: cid, summary: 'good', scores }),
      published('grove_adopt', { targetCid: cid }),
      published('grove_discuss', { targetCid: cid, summary: 'why?' }),
    ])) as ContributionView[]

    assert.deepEqual(
      views.map(({ mode, summary }) => [mode, summary]),
      [
        ['evaluation', 'good'],
        ['evaluation', 'adopted'],
        ['evaluation', 'why?'],
      ],
    )
    assert.deepEqual(views[0]?.scores, { quality: { value: 0.9, direction: 'maximize' } })
  }))

test('an error says what to do about it by the tools and arguments that an agent has', () =>
  withAgent(async (call, cid) => {
    const errorOf = async (name: string, given: Record<string, unknown>) =>
      ((await call(name, given)) as { error: { code: string; message: string } }).error
    const review = { targetCid: cid, summary: 'x', scores: { quality: { value: 1e9 } } }

    const conflict = await errorOf('grove_submit_review', review)
    const files = { 'package.json': 'package.json' }
    const work = (await call('grove_submit_work', { summary: 'x', files })) as ContributionView
    const directory = import.meta.dirname
    const full = await errorOf('grove_checkout', { cid: work.cid, directory })
    const absent = await errorOf('grove_show', { cid: `blake3:${'0'.repeat(64)}` })

    assert.match(conflict.message, /with insist$/)
    assert.match(full.message, /is not empty; .* with overwrite$/)
    assert.match(absent.message, /not found; grove_fetch of blake3:0+ asks/)
    for (const { message } of [conflict, full, absent]) assert.doesNotMatch(message, /--/)
    const insisted = await call('grove_submit_review', { ...review, insist: true })
    assert.equal((insisted as ContributionView).kind, 'review')
  }))

test('a tool publishes what its name says, once, and refuses what it can’t mean', () =>
  withAgent(async (call, cid) => {
    const messageOf = async (name: string, given: Record<string, unknown>) =>
      ((await call(name, given)) as { error?: { message: string } }).error?.message
    const related = (...types: string[]) => ({
      summary: 'x',
      relations: types.map((relationType) => ({ targetCid: cid, relationType })),
    })

    const review = await messageOf('grove_submit_work', related('reviews'))
    const twice = await call('grove_submit_work', related('derives_from', 'derives_from', 'adopts'))

    assert.match(review ?? '', /grove_submit_review would publish: call that, or .*derives_from/)
    assert.equal((twice as ContributionView).relations.length, 2)
    assert.match((await messageOf('grove_search', { query: ' !' })) ?? '', /a word to look for/)
    const agent = { agentId: 'a\u001b[2J' }
    assert.match((await messageOf('grove_adopt', { targetCid: cid, agent })) ?? '', /control/)
  }))

test('what came of a reproduction stays in lists', () =>
  withAgent(async (call, cid) => {
    const attempt = { targetCid: cid, result: 'failed', summary: 'does not run' }
    await call('grove_reproduce', attempt)

    const log = (await call('grove_log', { limit: 1 })) as { results: object[] }
    const tree = (await call('grove_tree', { cid })) as { children: object[] }

    const relations = [{ relationType: 'reproduces', targetCid: cid, result: 'failed' }]
    for (const [item] of [log.results, tree.children])
      assert.deepEqual((item as { relations: object }).relations, relations)
  }))
