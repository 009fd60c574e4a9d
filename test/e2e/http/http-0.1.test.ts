import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { postJson } from '../../support/http.ts'
import { serveNode } from '../../support/serve-node.ts'

interface Recorded {
  readonly title: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly body?: Record<string, unknown>
  }
  readonly response: {
    readonly status: number
    readonly headers: Record<string, string>
    readonly body: unknown
  }
}

const wire = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../spec/vectors/wire-0.1.json'), 'utf8'),
) as {
  answers: Recorded[]
}
/** What a grove sends to another. The recorded server knew a peer before the first request. */
const greetingOf = ({ peerId, address }: { peerId: string; address: string }) => ({
  peerId,
  address,
  frontier: [],
  load: { queueDepth: 0 },
  capabilities: {},
  timestamp: '2026-03-01T00:00:00.000Z',
})
/** The recorded answers, but for the routes of 0.1 that this version does not have. */
const spoken = wire.answers.filter(({ request }) => !/^\/api\/(claims|outcomes)/.test(request.path))

test('each recorded request to a 0.1 server gets the same status and fields', async () => {
  await using grove = await serveNode()
  await using other = await serveNode()
  const { address } = other.node.config.self
  await postJson(grove.url, '/api/gossip/exchange', greetingOf({ peerId: 'other-grove', address }))

  for (const { title, request, response } of spoken) {
    const answer = await fetch(grove.url + request.path, {
      method: request.method,
      ...bodyOf(title, request.body),
    })
    const isJson = response.headers['content-type'] === 'application/json'
    const body = isJson ? await answer.json() : await answer.text()

    assert.equal(answer.status, response.status, `${title}: ${JSON.stringify(body)}`)
    assert.equal(answer.headers.get('content-type'), response.headers['content-type'], title)
    assert.equal(answer.headers.get('grove-protocol'), '1', title)
    if (response.status >= 400) checkError(title, body, response.body)
    else checkFields(title, body, response.body)
    if (response.headers['x-total-count'] !== undefined)
      assert.equal(answer.headers.get('x-total-count'), response.headers['x-total-count'])
  }
  assert.deepEqual(grove.logged, [])
})

test('the deterministic answers of 0.1 are the same to the last value', async () => {
  await using grove = await serveNode()
  const exact = [
    'publish, multipart',
    'publish, JSON',
    'one contribution',
    'list',
    'artifact bytes',
    'artifact metadata',
    'frontier',
    'search',
    'children',
    'diff',
    'discussion',
    'thread',
    'threads',
  ]

  for (const { title, request, response } of spoken) {
    const answer = await fetch(grove.url + request.path, {
      method: request.method,
      ...bodyOf(title, request.body),
    })
    const body =
      response.headers['content-type'] === 'application/json'
        ? await answer.json()
        : await answer.text()
    const known =
      exact.includes(title) ||
      exact.some((start) => start.startsWith('publish') && title.startsWith(start))
    if (known && response.status < 400) assert.deepEqual(body, response.body, title)
  }
})

/** The body as it was sent. The recording shows a form as an object of its parts. */
function bodyOf(title: string, body: Record<string, unknown> | undefined): RequestInit {
  if (body === undefined) return {}
  if (!title.includes('multipart'))
    return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const form = new FormData()
  form.set('manifest', JSON.stringify(body.manifest))
  form.set(
    'artifact:src/train.py',
    new Blob(['print("hello")\n'], { type: 'text/x-python' }),
    'train.py',
  )
  return { body: form }
}

/**
 * Compares 0.1's own error shape and code; the other shapes of its validation middleware are not
 * kept.
 */
function checkError(title: string, actual: unknown, recorded: unknown): void {
  const { error } = actual as { error: { code: string; message: string; details: object } }
  const code = (recorded as { error: { code?: string } }).error.code ?? 'VALIDATION_ERROR'
  assert.equal(error.code, code, title)
  assert.ok(error.message.length > 0, title)
}

/** Asserts that all recorded fields are there, with the same types. There may be more. */
function checkFields(path: string, actual: unknown, recorded: unknown): void {
  assert.equal(typeOf(actual), typeOf(recorded), path)
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    if (recorded.length > 0) assert.ok(actual.length > 0, `${path} is empty`)
    if (recorded.length > 0) checkFields(`${path}[0]`, actual[0], recorded[0])
  } else if (typeOf(recorded) === 'object') {
    const fields = actual as Record<string, unknown>
    for (const [name, value] of Object.entries(recorded as object)) {
      assert.ok(Object.hasOwn(fields, name), `${path} lacks ${name}`)
      checkFields(`${path}.${name}`, fields[name], value)
    }
  }
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}
