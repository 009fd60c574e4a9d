import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { GroveApi } from '../../../../src/api/client/api.ts'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import { allOperations } from '../../../../src/api/operations/table.ts'
import { processOutput } from '../../../../src/cli/output/output.ts'
import { createProgram } from '../../../../src/cli/program.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { testFolder } from '../../../support/folder.ts'
import { testNode } from '../../../support/test-node.ts'

const at = testFolder()

/** Operations that no tool calls, and why an agent lacks nothing by that. */
const without: Readonly<Record<string, string>> = {
  artifact: 'file gives it by its path',
  artifactMeta: 'files says it',
  putBlob: 'postBlob does the same of bytes whose hash is not known before',
  attestation: 'tools of other makers read it; grove_show says who signed',
  diff: 'grove_diff compares all files, and takes a path for one',
  manifest: 'groves ask it of each other',
  exchange: 'groves ask it of each other',
  shuffle: 'groves ask it of each other',
  sample: 'groves ask it of each other',
  gossipPeers: 'grove_peers lists them, with their records',
  refusals: 'grove_status counts them, and the command line shows no more',
  stubs: 'no command shows them',
  events: 'a tool answers once; the command line follows them for people',
  identity: 'grove_status says the id; the key is for who runs the grove',
  health: 'for supervisors',
  ready: 'for supervisors',
  createToken: 'an agent gives nobody access',
  tokens: 'an agent gives nobody access',
  revokeToken: 'an agent takes access from nobody',
  setStanding: 'an agent takes access from nobody',
  standings: 'an agent takes access from nobody',
  invite: 'an agent gives nobody access',
  invites: 'an agent gives nobody access',
  revokeInvite: 'an agent takes access from nobody',
  joinGrove: 'whom to join is for who runs the grove',
  leaveGrove: 'whom to join is for who runs the grove',
  memberships: 'grove_status says whom the grove has joined',
  admitMember: 'groves ask it of each other',
  dropMember: 'groves ask it of each other',
  members: 'groves ask it of each other',
  noteRotation: 'groves ask it of each other',
  dialBack: 'groves ask it of each other',
  leafLine: 'groves ask it of each other',
  leafAnswer: 'groves ask it of each other',
  best: 'groves ask it of each other',
  about: 'groves ask it of each other',
  closure: 'groves ask it of each other',
  origins: 'groves ask it of each other',
}

/** The tool that does what a command does. */
const toolOf: Readonly<Record<string, string | undefined>> = {
  contribute: 'grove_submit_work',
  review: 'grove_submit_review',
  reviews: 'grove_evidence',
  federated: 'grove_federated_frontier',
}
/** Commands for people, and for who runs a grove. */
const forPeople = new Set([
  'init',
  'serve',
  'mcp',
  'identity',
  'invite',
  'join',
  'leave',
  'attest',
  'token',
  'events',
  'completions',
  'help',
])

test('an agent that speaks MCP gets what the command line gets: every operation, every command', async () => {
  await using holder = testNode()
  const called = new Set<string>()
  const grove = new Proxy(localClient(holder.node), {
    get(target, name: keyof GroveApi) {
      called.add(name === 'uploadBlob' ? 'postBlob' : name)
      return target[name]
    },
  })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const files = { roots: [import.meta.dirname] }
  const { env } = process
  await serveMcp({ grove, agent: { agentId: 'a' }, log: silentLog, files, env }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  const call = async (name: string, given: Record<string, unknown> = {}) => {
    const result = await client.callTool({ name, arguments: given })
    const [{ text }] = result.content as [{ text: string }]
    assert.notEqual(result.isError, true, `${name}: ${text}`)
    return JSON.parse(text) as { readonly cid: string }
  }

  const named = { files: { 'a.ts': `${import.meta.dirname}/coverage.test.ts` } }
  const { cid } = await call('grove_submit_work', { summary: 'first', ...named })
  const relations = [{ targetCid: cid, relationType: 'derives_from' }]
  const { cid: child } = await call('grove_submit_work', { summary: 'second', relations })
  const said = { targetCid: cid.slice(7, 27), summary: 'x' }
  const given: Readonly<Record<string, Record<string, unknown>>> = {
    grove_submit_work: { summary: 'third' },
    grove_submit_review: { ...said, scores: { quality: { value: 1 } } },
    grove_reproduce: said,
    grove_adopt: said,
    grove_discuss: said,
    grove_search: { query: 'first' },
    grove_diff: { parent: cid, child },
    grove_checkout: { cid, directory: at('out') },
  }
  const { tools } = await client.listTools()
  for (const { name, inputSchema } of tools)
    await call(name, given[name] ?? ('cid' in (inputSchema.properties ?? {}) ? { cid } : {}))

  const missed = allOperations.map(({ name }) => name).filter((name) => !called.has(name))
  assert.deepEqual(missed.toSorted(), Object.keys(without).toSorted())
  const never = new AbortController().signal
  const program = createProgram({
    ...{ env: {}, output: processOutput(), clock: systemClock },
    ...{ interrupted: never, signal: never, exit() {} },
  })
  const toolNames = new Set(tools.map(({ name }) => name))
  const commands = program.commands.map((command) => command.name())
  assert.deepEqual(
    commands.filter(
      (name) => !forPeople.has(name) && !toolNames.has(toolOf[name] ?? `grove_${name}`),
    ),
    [],
  )
  await client.close()
})

test('what tools take is described', async () => {
  await using holder = testNode()
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const grove = localClient(holder.node)
  await serveMcp({ grove, agent: { agentId: 'a' }, log: silentLog, files: { roots: [] } }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)

  const { tools } = await client.listTools()

  const silent = tools.flatMap(({ name, inputSchema }) =>
    Object.entries(inputSchema.properties ?? {})
      .filter(([, schema]) => (schema as { description?: string }).description === undefined)
      .map(([member]) => `${name}.${member}`),
  )
  assert.deepEqual(silent, [])
  await client.close()
})
