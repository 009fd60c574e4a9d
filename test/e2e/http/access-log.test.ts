import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { publishTo } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'
import { until } from '../../support/until.ts'

type Fields = Readonly<Record<string, unknown>>

let grove: ServedNode
let info: Fields[] = []
let debug: Fields[] = []
before(async () => {
  const into =
    (list: () => Fields[]) =>
    (message: string, fields: Fields = {}) => {
      if (message === 'request') list().push(fields)
    }
  grove = await serveNode(undefined, { info: into(() => info), debug: into(() => debug) })
})
beforeEach(() => {
  info = []
  debug = []
})
after(async () => grove[Symbol.asyncDispose]())

test('a publish is logged with its author, what it is, its status and how long it took', async () => {
  const { cid } = await publishTo(grove.url, { summary: 'a better rate' })

  const line = await until('the line', () => info[0])
  assert.equal(typeof line['ms'], 'number')
  assert.deepEqual(
    { ...line, ms: 0 },
    {
      from: '127.0.0.1',
      method: 'POST',
      target: '/api/contributions',
      status: 201,
      ms: 0,
      published: cid,
      kind: 'work',
      by: 'tester',
      summary: 'a better rate',
    },
  )
})

test('a request that is refused is logged with the reason, also where no route is', async () => {
  for (const target of ['/api/nothing?a=1', '/api/contributions?limit=many'])
    await (await fetch(grove.url + target)).text()

  await until('both lines', () => info.length === 2)
  assert.deepEqual(
    info.map(({ target, status, code }) => ({ target, status, code })),
    [
      { target: '/api/nothing?a=1', status: 404, code: 'not-found' },
      { target: '/api/contributions?limit=many', status: 400, code: 'validation-error' },
    ],
  )
  assert.match(String(info[0]?.['reason']), /no such route/)
})

test('what machines ask all the time is logged at debug', async () => {
  for (const target of ['/healthz', '/metrics']) await (await fetch(grove.url + target)).text()

  await until('both lines', () => debug.length === 2)
  assert.deepEqual(info, [])
})
