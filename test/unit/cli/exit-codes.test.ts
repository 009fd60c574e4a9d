import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createProgram } from '../../../src/cli/program.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import { plainDraft } from '../../support/http.ts'
import { standingClock } from '../../support/standing-clock.ts'

/** The exit code of a command towards a server that answers like this. */
async function exitOf(args: readonly string[], listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stream = new PassThrough().resume() as unknown as NodeJS.WriteStream
  const { signal } = new AbortController()
  let code = 0
  const program = createProgram({
    env: {},
    output: { answer: stream, notes: stream, unread: signal },
    clock: standingClock().clock,
    interrupted: signal,
    signal,
    exit: (given) => {
      code = given
    },
  })
  try {
    await program.parseAsync(['node', 'grove', ...args, '--server', url])
  } catch (error) {
    if (!isGroveError(error)) throw error
    code = error.kind.exit
  } finally {
    server.close()
    server.closeAllConnections()
  }
  return code
}

const cid = hashBytes(Buffer.from('work'))
const lost = hashBytes(Buffer.from('lost'))
const answering = (reasons: readonly string[]): RequestListener => {
  const result = {
    contribution: { cid, ...plainDraft } as unknown as FetchResult['contribution'],
    source: { local: true },
    bytesMoved: 0,
    bytesVerified: 0,
    artifacts: [],
    ancestors: [],
    missing: reasons.map((reason) => ({ hash: lost, reason })),
  } satisfies FetchResult
  return (_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result))
}

test('a fetch that lacks something ends with 5, or with 6 where only nobody answered', async () => {
  const fetch = ['fetch', cid]

  assert.equal(await exitOf(fetch, answering([])), 0)
  assert.equal(await exitOf(fetch, answering(['absent', 'peer-unreachable'])), 5)
  assert.equal(await exitOf([...fetch, '--json'], answering(['too-large'])), 5)
  assert.equal(await exitOf(fetch, answering(['peer-unreachable', 'fetch-timeout'])), 6)
  assert.equal(await exitOf([...fetch, '--quote'], answering(['absent'])), 0)
})

test('a round ends with 6 where peers are known and none of them answered', async () => {
  const silent = { peerId: 'p', address: 'http://a', offered: 0, durationMs: 1 }
  const error = { code: 'peer-unreachable', message: 'no' }
  const round = (asked: readonly object[], known = asked.length): RequestListener => {
    const report = {
      ...{ startedAt: '2026-03-01T12:00:00Z', durationMs: 1, peers: asked.length, asked },
      ...{ offered: 0, fetched: [], skipped: [], failed: [], evidence: 0, refused: {} },
      ...{ requests: 1, bytesMoved: 0 },
    }
    const peer = { peerId: 'p', address: 'http://b', status: 'suspected', record: {} }
    const peers = Array.from({ length: known }, () => peer)
    return ({ url }, response) =>
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(url?.endsWith('/peers') === true ? { peers } : report))
  }

  assert.equal(await exitOf(['sync'], round([])), 0)
  assert.equal(await exitOf(['sync'], round([{ ...silent, error }, silent])), 0)
  assert.equal(await exitOf(['sync'], round([{ ...silent, error }])), 6)
  assert.equal(await exitOf(['sync', '--json'], round([{ ...silent, error }])), 6)
  assert.equal(await exitOf(['sync'], round([], 1)), 6)
})

test('events end with 6 where the server ends each stream', async () => {
  const code = await exitOf(['events'], (_, response) =>
    response.setHeader('content-type', 'text/event-stream').end('id: 0000000000000000:0\n\n'),
  )

  assert.equal(code, 6)
})
