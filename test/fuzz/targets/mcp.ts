import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { localClient } from '../../../src/api/client/local-client.ts'
import { exactLines } from '../../../src/api/mcp/exact-lines.ts'
import { serveMcp } from '../../../src/api/mcp/serve.ts'
import { silentLog } from '../../../src/ports/log.ts'
import { hold, testNode } from '../../support/test-node.ts'
import { opened, type Target, target } from '../lab/target.ts'
import { plainWork } from './samples.ts'

const call = (id: number, method: string, params: unknown) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
const hello = call(1, 'initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
})
const show = call(3, 'tools/call', { name: 'grove_show', arguments: { cid: plainWork.cid } })
const search = call(4, 'tools/call', { name: 'grove_search', arguments: { q: 'result' } })

export const mcpTargets: readonly Target[] = [
  target('mcp-lines', [hello + show, call(2, 'tools/list', {})], async (bytes) => {
    const stdout = new PassThrough().resume()
    const lines = exactLines(stdout)
    lines.end(bytes)
    const taken = await buffer(lines)
    for (const line of taken.toString().split('\n')) if (line.trim() !== '') JSON.parse(line)
  }),
  opened('mcp', [hello, show, search, call(2, 'tools/list', {})], async () => {
    const grove = testNode()
    await hold(grove, plainWork)
    return {
      async read(bytes) {
        const stdout = new PassThrough().resume()
        const stdin = exactLines(stdout)
        const options = {
          grove: localClient(grove.node),
          agent: { agentId: 'fuzz' },
          files: { roots: [] },
          log: silentLog,
        }
        const server = await serveMcp(options, new StdioServerTransport(stdin, stdout))
        const read = finished(stdin)
        stdin.end(bytes)
        await read
        await server.close()
      },
      close: async () => grove[Symbol.asyncDispose](),
    }
  }),
]
