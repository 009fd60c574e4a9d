import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { collect, startPeer, work } from '../../support/peer.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

/**
 * Closures have two forms. These tests have a hand-written client and server of the last version.
 */

const parent = work('parent')
const child = work('child', {
  relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
})
const review = work('review', {
  kind: 'review',
  relations: [{ targetCid: child.cid, relationType: 'reviews' }],
})
const request = { cid: child.cid, ancestors: 1, evidence: true }
const around = [parent.cid, review.cid]

/** A server that sends bare manifests, and refuses requests with unknown members. */
async function oldAnswerer() {
  const server = createServer(async (incoming, outgoing) => {
    const {
      cid: _,
      ancestors: __,
      evidence: ___,
      ...unknown
    } = JSON.parse(Buffer.concat(await collect(incoming)).toString())
    const headers = { 'grove-protocol': '1', 'content-type': 'application/x-ndjson' }
    if (Object.keys(unknown).length > 0) return outgoing.writeHead(400, headers).end('{}')
    outgoing.writeHead(200, headers)
    for (const { bytes } of [parent, review]) outgoing.write(`${Buffer.from(bytes).toString()}\n`)
    return outgoing.end('{"trailer":{"sent":2,"bytes":600,"missing":[]}}\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A client that takes every line but the trailer for a bare manifest. */
async function oldAsker(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/api/federation/closure`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const lines = (await answer.text()).trimEnd().split('\n')
  const trailer = lines.pop()
  assert.ok(trailer?.startsWith('{"trailer":'))
  return lines.map((line) => hashBytes(Buffer.from(line)))
}

async function newAsker(url: string) {
  const transport = httpTransport({ allowPrivate: true, clock: systemClock })
  try {
    const answer = await transport.closure({ peerId: 'peer', address: url }, request)
    const records = await collect(answer.records)
    assert.equal((await answer.trailer).sent, records.length)
    return records.map(({ bytes, attestations }) => ({ cid: hashBytes(bytes), attestations }))
  } finally {
    await transport.close()
  }
}

let served: ServedNode
before(async () => {
  served = await serveNode()
  for (const item of [parent, child, review])
    await served.node.contributions.put(item, { origin: 'peer', receivedAt: 0 })
})
after(() => served[Symbol.asyncDispose]())

test('if both sides know records, records are sent', async () => {
  assert.deepEqual(
    await newAsker(served.url),
    around.map((cid) => ({ cid, attestations: [] })),
  )

  const answer = await fetch(`${served.url}/api/federation/closure`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'grove-closure': 'records-1' },
    body: JSON.stringify(request),
  })
  const [first] = (await answer.text()).split('\n')
  assert.equal(answer.headers.get('grove-closure'), 'records-1')
  const manifest = Buffer.from(parent.bytes).toString()
  const size = parent.bytes.byteLength
  assert.equal(first, `{"attestations":[],"manifest":${manifest},"size":${size}}`)
})

test('the current client reads the bare manifests of a server of the last version', async () => {
  await using old = await oldAnswerer()

  assert.deepEqual(
    await newAsker(old.url),
    around.map((cid) => ({ cid, attestations: [] })),
  )
})

test('a client of the last version gets bare manifests from the current server', async () => {
  assert.deepEqual(await oldAsker(served.url), around)
})

test('client and server of the last version understand each other as before', async () => {
  await using old = await oldAnswerer()

  assert.deepEqual(await oldAsker(old.url), around)
})

test('a request for an unknown form is answered with bare manifests', async () => {
  const answer = await fetch(`${served.url}/api/federation/closure`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'grove-closure': 'records-2' },
    body: JSON.stringify(request),
  })

  assert.equal(answer.headers.get('grove-closure'), null)
  assert.equal((await answer.text()).split('\n')[0], Buffer.from(parent.bytes).toString())
})

test('a line that is not a record, in an answer of records, is blamed on the peer', async () => {
  await using peer = await startPeer('peer', {
    misbehave: (_, response) => {
      response
        .writeHead(200, { 'grove-protocol': '1', 'grove-closure': 'records-1' })
        .end(`${Buffer.from(parent.bytes)}\n{"trailer":{"sent":1,"bytes":1,"missing":[]}}\n`)
      return true
    },
  })

  await assert.rejects(newAsker(peer.address), { code: 'peer-fault' })
})
