import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { publishTree } from '../../../src/api/client/publish-tree.ts'
import type { TreeSource } from '../../../src/api/client/tree-source.ts'
import { serveMcp } from '../../../src/api/mcp/serve.ts'
import type { Cid } from '../../../src/core/cid.ts'
import { silentLog } from '../../../src/ports/log.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { runCommand } from '../../support/cli-run.ts'
import { getJson, plainDraft } from '../../support/http.ts'
import { serveNode } from '../../support/serve-node.ts'

/** More than a manifest can name, so that they travel as a pack. */
const FILES = 1_050

interface Answer {
  readonly changes: readonly { artifact: string; parent: Cid | null; child: Cid | null }[]
  readonly patch: string
  readonly cutFrom?: { readonly changes?: number; readonly patch?: number }
}

const file = (path: string, text: string, executable = false): TreeSource => ({
  path,
  executable,
  open: () => Buffer.from(text),
})

const tree = (change: (path: string) => string | undefined, more: readonly TreeSource[]) => [
  ...Array.from({ length: FILES }, (_, n) => `src/part-${n % 20}/file-${n}.ts`).flatMap(
    (path): TreeSource[] => {
      const text = change(path)
      return text === undefined ? [] : [file(path, text)]
    },
  ),
  ...more,
]

test('two packs are compared by the command line, over HTTP and by MCP, and only where they differ', async () => {
  await using grove = await serveNode()
  const api = groveClient(grove.url, systemClock)
  const publish = async (files: readonly TreeSource[]) =>
    (await publishTree(api, { ...plainDraft, summary: 'a tree' }, files)).cid
  const plain = (path: string) => `// ${path}\nexport {}\n`
  const changed = 'src/part-7/file-7.ts'
  const gone = 'src/part-3/file-1003.ts'
  const link = { path: 'latest', symlink: changed }
  const large = 'x'.repeat(300_000)
  const before = await publish(
    tree(plain, [file('run.sh', '#!/bin/sh\n'), file('学/[1].txt', '一\n'), file('large', large)]),
  )
  const after = await publish(
    tree(
      (path) =>
        path === gone ? undefined : path === changed ? `${plain(path)}// more\n` : plain(path),
      [file('run.sh', '#!/bin/sh\n', true), file('学/[1].txt', '二\n'), file('large', large), link],
    ),
  )
  const paths = ['latest', 'run.sh', gone, changed, '学/[1].txt']

  const { printed } = await runCommand(['diff', before, after, '--server', grove.url, '--json'])
  const byCommand = JSON.parse(printed) as Answer
  const { printed: one } = await runCommand(['diff', before, after, changed, '--server', grove.url])
  const encoded = encodeURIComponent(changed)
  const texts = await getJson<{ parent: string; child: string }>(
    grove.url,
    `/api/diff/${before}/${after}/${encoded}`,
  )
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const { env } = process
  const agent = { agentId: 'a' }
  await serveMcp({ grove: api, agent, log: silentLog, files: { roots: [] }, env }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  const ask = async (given: Record<string, unknown>) => {
    const { content } = await client.callTool({ name: 'grove_diff', arguments: given })
    return JSON.parse((content as [{ text: string }])[0].text) as Answer
  }
  const byTool = await ask({ parent: before, child: after.slice(7, 27) })
  const oneByTool = await ask({ parent: before, child: after, path: changed })
  const anew = await ask({ parent: await publish([]), child: after })

  assert.deepEqual(
    byCommand.changes.map(({ artifact }) => artifact),
    paths.toSorted(),
  )
  assert.match(byCommand.patch, /old mode 100644\nnew mode 100755/)
  assert.match(byCommand.patch, /-一\n\+二/)
  assert.match(byCommand.patch, /new file mode 120000/)
  assert.match(byCommand.patch, /deleted file mode 100644/)
  assert.doesNotMatch(byCommand.patch, /xxx/)
  assert.match(one, /\+\/\/ more/)
  assert.doesNotMatch(one, /file-1003/)
  assert.equal(texts.child, `${texts.parent}// more\n`)
  assert.deepEqual(byTool.changes, byCommand.changes)
  assert.match(byTool.patch, /-一\n\+二/)
  assert.deepEqual(
    oneByTool.changes.map(({ artifact }) => artifact),
    [changed],
  )
  assert.equal(anew.changes.length, 50)
  assert.equal(anew.cutFrom?.changes, FILES + 3)
  assert.ok(anew.patch.length < (anew.cutFrom?.patch ?? 0))
  await client.close()
  await api.close()
})
