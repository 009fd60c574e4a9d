import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import { openGrove } from '../../../src/index.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft } from '../../support/http.ts'
import { mcpSession } from '../../support/processes/mcp-session.ts'
import { groveText } from '../../support/processes/run-grove.ts'

const at = testFolder()

async function made(name: string): Promise<string> {
  await groveText(['init', at(name)])
  return at(name)
}

test('a hundred publishes survive the death of the process that has the directory open', async () => {
  const dir = await made('hundred')
  await using opener = await mcpSession('--dir', dir)
  await opener.call('grove_log')
  await using grove = await openGrove({ dir })
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  let done = 0
  let killing: Promise<void> | undefined

  const publish = async (n: number) => {
    if (done >= 40) killing ??= opener.kill()
    const view = await grove.publish({
      ...plainDraft,
      summary: `number ${n}`,
      artifacts: { 'a.txt': `content ${n}` },
    })
    done += 1
    return view
  }
  const published: { cid: string }[] = []
  const lanes = Array.from({ length: 4 }, async (_, lane) => {
    for (const n of numbers.filter((each) => each % 4 === lane)) published.push(await publish(n))
  })
  await Promise.all(lanes)

  const { items, total } = await grove.api.listContributions({ limit: 1_000 })
  assert.ok(killing !== undefined)
  assert.equal(total, 100)
  assert.deepEqual(
    items.map(({ summary }) => summary).toSorted(),
    numbers.map((n) => `number ${n}`).toSorted(),
  )
  assert.deepEqual(
    items.map(({ cid }) => cid).toSorted(),
    published.map(({ cid }) => cid).toSorted(),
  )
})

test('three sessions: each takes over when the one before it is killed', async () => {
  const dir = await made('three')
  await using first = await mcpSession('--dir', dir)
  await using second = await mcpSession('--dir', dir)
  await using third = await mcpSession('--dir', dir)
  await first.call('grove_submit_work', { summary: 'first' })
  await third.call('grove_submit_work', { summary: 'third' })

  await first.kill()
  await Promise.all([
    second.call('grove_submit_work', { summary: 'second, alone' }),
    third.call('grove_submit_work', { summary: 'third, too' }),
  ])
  await second.kill()
  await third.call('grove_submit_work', { summary: 'third, alone' })

  const { total } = await third.call<{ total: number }>('grove_log')
  assert.equal(total, 5)
})

test('a download and a stream of events go on when their holder is killed', async () => {
  const dir = await made('streams')
  await using opener = await mcpSession('--dir', dir)
  await opener.call('grove_log')
  await using grove = await openGrove({ dir })
  const bytes = Buffer.alloc(16 * 1024 * 1024, 'grove ')
  const ending = new AbortController()
  const seen: string[] = []
  const following = follow(grove.events(ending.signal), seen, 3, ending)
  const once = (async function* () {
    yield bytes
  })()
  const { cid } = await grove.publish({ ...plainDraft, summary: 'large', artifacts: { once } })
  await grove.publish({ ...plainDraft, summary: 'small' })

  const chunks: Uint8Array[] = []
  for await (const chunk of await grove.artifact(cid, 'once')) {
    if (chunks.length === 0) await opener.kill()
    chunks.push(chunk)
  }
  await grove.publish({ ...plainDraft, summary: 'after the kill' })
  await following

  assert.ok(Buffer.concat(chunks).equals(bytes))
  assert.deepEqual(seen, ['large', 'small', 'after the kill'])
})

/** Notes the summaries of contributions until there are so many. */
async function follow(
  events: AsyncIterable<GroveEvent>,
  seen: string[],
  count: number,
  ending: AbortController,
): Promise<void> {
  for await (const event of events) {
    if (event.type === 'contribution') seen.push(event.summary)
    if (seen.length === count) ending.abort()
  }
}
