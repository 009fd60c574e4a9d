import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

test('the reference page runs only its own script and loads nothing from elsewhere', async () => {
  const answer = await fetch(`${grove.url}/api/docs`)
  const page = await answer.text()

  const policy = answer.headers.get('content-security-policy') ?? ''
  for (const tag of ['script', 'style']) {
    const content = new RegExp(`<${tag}[^>]*>([^]*)</${tag}>`).exec(page)?.[1] ?? ''
    assert.ok(
      policy.includes(`'sha256-${createHash('sha256').update(content).digest('base64')}'`),
      tag,
    )
  }
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(page, /(?:src|href)=["'](?:https?:)?\/\//)
})

test('the OpenAPI description is served, and every GET route in it exists', async () => {
  const { paths } = (await (await fetch(`${grove.url}/api/openapi.json`)).json()) as {
    paths: Record<string, object>
  }

  for (const [path, methods] of Object.entries(paths)) {
    if (!('get' in methods) || path === '/api/events') continue
    const answer = await fetch(grove.url + path.replace(/\{\w+\}/g, 'x'))
    assert.ok(answer.status !== 405 && answer.status < 500, `${path}: ${answer.status}`)
  }
})

test('metrics are served for Prometheus', async () => {
  const answer = await fetch(`${grove.url}/metrics`)
  const text = await answer.text()

  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
  for (const name of [
    'grove_http_requests_total',
    'grove_contributions',
    'grove_peers',
    'nodejs_eventloop_lag_seconds',
  ]) {
    assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
  }
})
