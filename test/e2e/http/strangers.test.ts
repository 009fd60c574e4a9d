import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { admissions, demandsKeys } from '../../../src/core/peers/admission.ts'
import { testFolder } from '../../support/folder.ts'
import { serveNode } from '../../support/serve-node.ts'
import { until } from '../../support/until.ts'

const at = testFolder()
const HASH = `blake3:${'0'.repeat(64)}`
const HEAD = 'HTTP/1.1\r\nhost: localhost\r\n'
/** A body of which only a part ever comes. */
const BODY = 'x'.repeat(256 * 1024)
const MULTIPART = 'content-type: multipart/form-data; boundary=b\r\n'
const PART = '--b\r\ncontent-disposition: form-data; name="manifest"\r\n\r\n'

/** So many requests of one connection may wait for their answers. */
const AT_ONCE = 16

/** What a stranger sends, the statuses that it is answered, and how often. */
const sent: Readonly<Record<string, readonly [string, ...number[]]>> = {
  'a draft': [`POST /api/contributions ${HEAD}content-length: 1000000000\r\n\r\n${BODY}`, 401],
  'a draft with files': [
    `POST /api/contributions ${HEAD}${MULTIPART}content-length: 9999999\r\n\r\n${PART}${BODY}`,
    401,
  ],
  'a blob': [`POST /api/blobs ${HEAD}content-length: 1000000000\r\n\r\n${BODY}`, 401],
  'a blob by its hash': [`PUT /api/blobs/${HASH} ${HEAD}content-length: 99999999\r\n\r\nxx`, 401],
  'a blob that waits for a 100': [
    `PUT /api/blobs/${HASH} ${HEAD}content-length: 99999999\r\nexpect: 100-continue\r\n\r\n`,
    401,
  ],
  'another expectation': [`PUT /api/blobs/${HASH} ${HEAD}expect: cake\r\n\r\n`, 417],
  'a body in pieces': [
    `POST /api/blobs ${HEAD}transfer-encoding: chunked\r\n\r\n40000\r\n${BODY}\r\n`,
    401,
  ],
  'an encoded body': [
    `POST /api/blobs ${HEAD}content-encoding: gzip\r\ncontent-length: 9\r\n\r\nx`,
    415,
  ],
  'many requests at once': [
    `GET /api/grove ${HEAD}\r\n`.repeat(AT_ONCE),
    ...new Array<number>(AT_ONCE).fill(401),
  ],
  events: [`GET /api/events ${HEAD}accept: text/event-stream\r\n\r\n`, 401],
  'only the head': [`HEAD /api/grove ${HEAD}\r\n`, 401],
  'another protocol': [
    `GET /api/events ${HEAD}connection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    401,
  ],
  'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  'a tunnel': ['CONNECT 10.0.0.1:80 HTTP/1.1\r\nhost: 10.0.0.1:80\r\n\r\n', 400],
  MCP: [`POST /mcp ${HEAD}content-length: 99999999\r\n\r\n{`, 404],
  'a long path': [`GET /${'"'.repeat(8_000)} ${HEAD}\r\n`, 404],
  'a long query': [`GET /api/search?q=${'"'.repeat(8_000)} ${HEAD}\r\n`, 401],
  'long headers': [`GET /api/grove ${HEAD}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  'another method': [`DELETE /api/contributions ${HEAD}\r\n`, 405],
  'two hosts': [`GET /api/grove ${HEAD}host: localhost\r\n\r\n`, 400],
  'an unknown host': [`GET /api/grove HTTP/1.1\r\nhost: ${'x.'.repeat(500)}com\r\n\r\n`, 403],
  'a wrong token': [
    `GET /api/grove ${HEAD}authorization: Bearer ${'x'.repeat(9_000)}\r\n\r\n`,
    401,
  ],
  'a wrong signature': [`GET /api/best ${HEAD}signature-input: ${'x'.repeat(9_000)}\r\n\r\n`, 404],
  nonsense: [`\r\n\r\n${'\u0000'.repeat(100)}`, 400],
}

/** All answers to what is sent on one connection, as soon as there are so many. */
async function answersTo(port: number, text: string, count: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.write(text)
  let received = ''
  socket.setEncoding('latin1')
  for await (const chunk of socket) {
    received += String(chunk)
    const answers = answersIn(received)
    if (answers.length === count) return answers
  }
  return answersIn(received)
}

/** The complete answers at the beginning of a text; an answer to HEAD ends with its head. */
function answersIn(text: string): string[] {
  const answers: string[] = []
  for (let rest = text; rest !== ''; ) {
    const head = rest.indexOf('\r\n\r\n') + 4
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(rest.slice(0, head))?.[1] ?? 0)
    const body = rest.slice(head, head + length)
    if (head < 4 || (body.length < length && body !== '')) return answers
    answers.push(rest.slice(0, head + length))
    rest = rest.slice(head + length)
  }
  return answers
}

/** Each file below a folder with its size. */
const filesIn = (dir: string) =>
  (readdirSync(dir, { recursive: true }) as string[])
    .toSorted()
    .map((name) => `${name} ${statSync(join(dir, name)).size}`)

for (const admission of admissions)
  test(`in ${admission}, a stranger costs at most 4 KiB an answer, no disk, and no dial`, async () => {
    const dir = at(admission)
    await using grove = await serveNode(dir, {}, { admission, isBehindProxy: true })
    const dialled: string[] = []
    const checkAddress = grove.node.transport.checkAddress
    grove.node.transport.checkAddress = (address) => {
      dialled.push(address)
      checkAddress(address)
    }
    const { nodeRecords } = grove.node
    // It is made after the start, and written.
    if (demandsKeys(admission)) await until('the node record', () => nodeRecords.own !== undefined)
    const before = filesIn(dir)

    for (const [what, [text, ...statuses]] of Object.entries(sent)) {
      const answers = await answersTo(grove.port, text, statuses.length)

      const got = answers.map((answer) => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]))
      assert.deepEqual(got, statuses, what)
      for (const answer of answers) assert.ok(answer.length <= 4_096, `${what}: ${answer.length}`)
    }
    assert.deepEqual(filesIn(dir), before)
    assert.deepEqual(dialled, [])
  })

test('whoever asks before it sends a body is told to go on once it has been let in', async () => {
  await using grove = await serveNode()
  const socket = connect(grove.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setEncoding('latin1')
  const heads: string[] = []

  socket.write(`POST /api/blobs ${HEAD}content-length: 2\r\nexpect: 100-continue\r\n\r\n`)
  for await (const chunk of socket) {
    heads.push(
      ...String(chunk)
        .matchAll(/^HTTP\/1.1 (\d+)/gm)
        .map(([, status = '']) => status),
    )
    if (heads.length === 1) socket.write('xx')
    else break
  }

  assert.deepEqual(heads, ['100', '201'])
})
