import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { asOrdinaryUser } from '../../../support/files/ordinary-user.ts'
import { temporaryDirectory } from '../../../support/folder.ts'
import { testNode } from '../../../support/test-node.ts'

test('a file that a tool can’t read is the caller’s fault, in words', async () => {
  await using holder = testNode()
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  await mkdir(at('folder'))
  await mkdir(at('closed'))
  await writeFile(at('closed/file'), 'x')
  await writeFile(at('secret'), 'x')
  await chmod(at('secret'), 0)
  await chmod(at('closed'), 0)
  await chmod(temporary.dir, 0o755)
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const logged: string[] = []
  const options = {
    grove: localClient(holder.node),
    agent: { agentId: 'tester' },
    log: { ...silentLog, error: (message: string) => void logged.push(message) },
    files: { roots: [temporary.dir] },
  }
  await serveMcp(options, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  const refusal = async (name: string) => {
    const input = { summary: 'x', files: { a: at(name) } }
    const result = await client.callTool({ name: 'grove_submit_work', arguments: input })
    const [{ text }] = result.content as [{ text: string }]
    return (JSON.parse(text) as { error: { code: string; message: string } }).error
  }

  await asOrdinaryUser(async () => {
    assert.match((await refusal('folder')).message, /folder is not a file/)
    assert.match((await refusal('secret')).message, /secret cannot be read/)
    assert.match((await refusal('closed/file')).message, /grove may not read .*closed\/file/)
    assert.match((await refusal('nothing')).message, /there is no file .*nothing/)
  })

  assert.deepEqual(logged, [])
  await chmod(at('closed'), 0o755)
  await client.close()
})
