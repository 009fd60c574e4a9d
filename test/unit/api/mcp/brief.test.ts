/** What tools answer about work with many files stays short enough for a model to read. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { publishTree } from '../../../../src/api/client/publish-tree.ts'
import { LISTED_MAX } from '../../../../src/api/mcp/brief.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { testFolder } from '../../../support/folder.ts'
import { plainDraft } from '../../../support/http.ts'
import { testNode } from '../../../support/test-node.ts'

const at = testFolder()

test('a tool names the first of many files and says how many there are', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const options = { grove, agent: { agentId: 'a' }, log: silentLog, files: { roots: [] } }
  await serveMcp(options, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  const ask = async (name: string, input: object) => {
    const result = await client.callTool({ name, arguments: { ...input } })
    const [{ text }] = result.content as [{ text: string }]
    return JSON.parse(text) as Record<string, unknown>
  }
  const sources = Array.from({ length: 300 }, (_, n) => ({
    path: `f${n}`,
    executable: false,
    open: () => Buffer.from(`text ${n}`),
  }))
  const draft = { ...plainDraft, context: { files: sources.map(({ path }) => path) } }
  const { cid } = await publishTree(grove, draft, sources)

  const out = await ask('grove_checkout', { cid, directory: at('out') })
  const one = await ask('grove_checkout', { cid, directory: at('one'), artifacts: ['f299'] })
  const shown = await ask('grove_show', { cid })
  const fetched = await ask('grove_fetch', { cid })
  const listed = await ask('grove_files', { cid, limit: 200 })

  assert.equal((out.files as object[]).length, LISTED_MAX)
  assert.deepEqual(out.cutFrom, { files: 300 })
  assert.equal(readdirSync(at('out')).length, 300)
  assert.deepEqual([readdirSync(at('one')), one.cutFrom], [['f299'], undefined])
  assert.equal(Object.keys(shown.artifacts as object).length, LISTED_MAX)
  assert.deepEqual(shown.cutFrom, { artifacts: 300 })
  assert.equal((shown.context as { files: string[] }).files.length, 300)
  assert.deepEqual(fetched.cutFrom, { artifacts: 300 })
  assert.deepEqual((fetched.contribution as typeof shown).cutFrom, { artifacts: 300 })
  assert.equal((listed.files as object[]).length, 200)
  await client.close()
})
