import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMultipart } from '../../../src/api/answer/multipart.ts'
import type { ApiRequest } from '../../../src/api/answer/request.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { PACK_FORM, planPack } from '../../../src/core/contribution/pack.ts'
import type { ReadContext, ServeContext } from '../../../src/node/context.ts'
import { fetchClosure } from '../../../src/node/fetch/closure.ts'
import { fetchManifest } from '../../../src/node/fetch/manifest.ts'
import { publish, StagedArtifacts } from '../../../src/node/publish.ts'
import { listFiles } from '../../../src/node/read/files.ts'
import { federatedFrontier, frontier } from '../../../src/node/read/frontier.ts'
import { saidInTurns } from '../../../src/node/read/said-in-turns.ts'
import { thread } from '../../../src/node/read/thread.ts'
import { streamClosure } from '../../../src/node/serve/closure.ts'
import { heldAmong, stubOffers } from '../../../src/node/sync/offers.ts'
import type { GraphIndex } from '../../../src/ports/graph-index.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { memoryStores } from '../../../src/stores/memory/open.ts'
import { local, relation, sample } from '../../conformance/samples.ts'
import { plainDraft } from '../../support/http.ts'
import { work } from '../../support/peer.ts'
import { testNode } from '../../support/test-node.ts'
import { virtualWorld } from '../../support/world.ts'

/** A grove with a work and 20 replies to it, and how often it breathed. */
async function conversation() {
  const { graph } = memoryStores(seeded(1))
  const root = sample({ summary: 'root' })
  const replies = Array.from({ length: 20 }, (_, n) =>
    sample({
      kind: 'discussion',
      summary: `reply ${n}`,
      relations: [relation('responds_to', root.cid), relation('reviews', root.cid)],
    }),
  )
  for (const contribution of [root, ...replies]) await graph.put(contribution, local())
  let breaths = 0
  const node = {
    contributions: graph,
    index: graph,
    breathe: () => {
      breaths++
      return undefined
    },
  } as unknown as ReadContext & ServeContext
  return { node, root, breaths: () => breaths }
}

test('a walk through a thread breathes at each reply', async () => {
  const { node, root, breaths } = await conversation()

  await thread(node, root.cid, { maxDepth: 5, limit: 100 })

  assert.ok(breaths() >= 20)
})

test('a closure breathes at each contribution', async () => {
  const { node, root, breaths } = await conversation()
  let lines = 0

  for await (const _ of streamClosure(node, { cid: root.cid, evidence: true })) lines++

  assert.ok(lines >= 20)
  assert.ok(breaths() >= 20)
})

/** A grove that counts its breaths. */
function breathing() {
  const grove = testNode()
  return { ...grove, breaths: breathsOf(grove.node) }
}

/** How often a grove breathes from now on. */
function breathsOf(node: Pick<ReadContext, 'breathe'>): () => number {
  let breaths = 0
  node.breathe = () => {
    breaths++
    return undefined
  }
  return () => breaths
}

test('what is said of a work is read in pages, with a breath before each', async () => {
  const { graph } = memoryStores(seeded(1))
  const root = sample({ summary: 'root' })
  const adoptions = Array.from({ length: 600 }, (_, n) =>
    sample({ kind: 'adoption', summary: `${n}`, relations: [relation('adopts', root.cid)] }),
  )
  for (const contribution of [root, ...adoptions]) await graph.put(contribution, local())
  const pages: number[] = []
  const node = {
    breathe: () => void pages.push(0),
    index: {
      said: async (...args: Parameters<GraphIndex['said']>) => {
        const page = await graph.said(...args)
        pages[pages.length - 1] = page.said.length
        return page
      },
    },
  }

  const said = await saidInTurns(node as unknown as ReadContext, root.cid, ['adopts'], 10_000)

  assert.equal(new Set(said.map(({ source }) => source)).size, 600)
  assert.ok(Math.max(...pages) <= 300, `${pages}`)
})

test('a frontier breathes after its ranks are read, the federated one at each dimension', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove
  const metrics = Array.from({ length: 10 }, (_, n) => `metric ${n}`)
  const score = { value: 1, direction: 'maximize' as const }
  const scores = Object.fromEntries(metrics.map((metric) => [metric, score]))
  await publish(node, { ...plainDraft, scores })
  const published = breaths()

  await frontier(node, { limit: 10, metrics: 10 })
  const read = breaths()
  await federatedFrontier(node)

  assert.ok(read > published)
  assert.ok(breaths() - read >= metrics.length)
})

test('a round breathes at each stub that it may try again', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove
  for (let n = 0; n < 50; n++) await node.stubs.putStub(hashBytes(Buffer.from(`${n}`)), [], n)

  await stubOffers(node)

  assert.ok(breaths() >= 50)
})

test('what of thousands of offers is held is looked up with a breath every 512', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove
  const held = local()
  const [first, second] = [work('first'), work('second')]
  for (const contribution of [first, second]) await node.contributions.put(contribution, held)
  const others = Array.from({ length: 2_000 }, (_, n) => hashBytes(Buffer.from(`${n}`)))
  const places = [first.cid, ...others, second.cid].map((cid) => ({
    cid,
    metric: 'loss',
    direction: 'minimize' as const,
    value: 1,
  }))

  assert.deepEqual(await heldAmong(node, places), new Set([first.cid, second.cid]))

  assert.ok(breaths() >= 3, `${breaths()}`)
})

test('a publish breathes before and after a draft is sealed', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove

  await publish(node, plainDraft)

  assert.ok(breaths() >= 2)
})

test('a form of many short parts is read with a breath every 8 KiB', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove
  const part = (name: string, content: string) =>
    `--B\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`
  const files = Array.from({ length: 1_000 }, (_, n) => part(`artifact:${n}`, `content ${n}`))
  const form = Buffer.from(`${part('manifest', '{}')}${files.join('')}--B--\r\n`)
  const request = {
    header: () => 'multipart/form-data; boundary=B',
    signal: new AbortController().signal,
  } as unknown as ApiRequest

  const draft = await readMultipart(new StagedArtifacts(node), request, chunksOf(form))

  assert.equal(Object.keys((draft as { artifacts: object }).artifacts).length, 1_000)
  assert.ok(breaths() >= form.byteLength / 8_192, `${breaths()}`)
})

async function* chunksOf(...chunks: Uint8Array[]) {
  yield* chunks
}

test('the index of a pack is read with a breath every few hundred lines', async () => {
  const { node, breaths, ...grove } = breathing()
  await using _ = grove
  const content = Buffer.from('1')
  const files = Array.from({ length: 2_000 }, (_, n) => ({
    name: `${n}.py`,
    hash: hashBytes(content),
    sizeBytes: content.byteLength,
  }))
  const index = Buffer.from(planPack(files).index)
  for (const bytes of [index, content]) await node.blobs.put(bytes)
  const { contribution } = await publish(node, {
    ...plainDraft,
    artifacts: { 'tree.index': hashBytes(index), 'part.0': hashBytes(content) },
    context: { grove: { pack: PACK_FORM } },
  })

  const { total } = await listFiles(node, contribution.cid, { limit: 10, offset: 0 })

  assert.equal(total, files.length)
  assert.ok(breaths() > index.byteLength / 20_000)
})

const world = virtualWorld()

test('what a closure brings is verified with a breath before each', async () => {
  const target = work('target')
  const reviews = Array.from({ length: 20 }, (_, n) =>
    work(`review ${n}`, { kind: 'review', relations: [relation('reviews', target.cid)] }),
  )
  await using peer = world.startPeer('burst', { contributions: [target, ...reviews] })
  await using grove = world.testNode()
  const breaths = breathsOf(grove.node)

  const { evidence } = await fetchClosure(grove.node, {
    contribution: target,
    depth: 1,
    evidence: true,
    providers: [peer],
    signal: grove.node.closing,
  })

  assert.equal(evidence.length, reviews.length)
  assert.ok(breaths() >= reviews.length, `${breaths()}`)
})

test('manifests that come at once are verified with a breath before each', async () => {
  const works = Array.from({ length: 8 }, (_, n) => work(`work ${n}`))
  await using peer = world.startPeer('many', { contributions: works })
  await using grove = world.testNode()
  const breaths = breathsOf(grove.node)

  await Promise.all(
    works.map(({ cid }) =>
      fetchManifest(grove.node, cid, { given: peer, signal: grove.node.closing }),
    ),
  )

  assert.ok(breaths() >= works.length, `${breaths()}`)
})
