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
import { runCommand } from '../../support/cli-run.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft } from '../../support/http.ts'
import { standingClock } from '../../support/standing-clock.ts'
import { until } from '../../support/until.ts'

/** A server that answers like this. */
async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The exit code of a command towards a server that answers like this. */
async function exitOf(args: readonly string[], listener: RequestListener): Promise<number> {
  using server = await serving(listener)
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
    await program.parseAsync(['node', 'grove', ...args, '--server', server.url])
  } catch (error) {
    if (!isGroveError(error)) throw error
    code = error.kind.exit
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

for (const args of [
  ['status'],
  ['log'],
  ['fetch', 'a'.repeat(64)],
  ['contribute', '--summary', 's'],
])
  test(`grove ${args[0]} gives up on a server that never answers`, async () => {
    const asked: string[] = []
    using silent = await serving(({ url = '' }) => void asked.push(url))
    const { clock, move } = standingClock()

    const run = runCommand([...args, '--server', silent.url], { clock })
    const failure = assert.rejects(run, { message: `${silent.url} does not answer (10 s)` })
    await until('the call', () => asked.length > 0)
    move(2_000)
    move(8_000)

    await failure
    await assert.rejects(run, withCode('server-unreachable'))
  })

test('another server than a grove is told as such', async () => {
  using other = await serving((_, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  )

  const run = runCommand(['status', '--server', other.url])

  await assert.rejects(run, withCode('server-unreachable'))
  await assert.rejects(run, /no grove answers at .*, but another server/)
})

for (const message of [
  '/srv/g/tmp/7: its disk is full (ENOSPC)',
  'storage-full: errno SQLITE_FULL',
])
  test(`a full disk is told as that of the server, however it says so: ${message}`, async () => {
    using full = await serving((_, response) =>
      response.writeHead(507).end(JSON.stringify({ error: { code: 'storage-full', message } })),
    )

    const run = runCommand(['contribute', '--summary', 's', '--server', full.url])

    await assert.rejects(run, { message: `the disk of the grove at ${full.url} is full` })
  })
