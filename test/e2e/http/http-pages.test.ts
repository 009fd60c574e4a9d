import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { temporaryDirectory } from '../../support/folder.ts'
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

test('an OpenAPI linter has nothing to say about the description', async () => {
  const source = await (await fetch(`${grove.url}/api/openapi.json`)).text()
  const config = await createConfig({ extends: ['recommended-strict'] })

  const problems = await lintFromString({ source, config })

  assert.deepEqual(
    problems.map(({ ruleId, message, location: [at] }) => [ruleId, message, at?.pointer]),
    [],
  )
})

test('whoever opens the address of a grove is led to the reference', async () => {
  const answer = await fetch(`${grove.url}/`)

  assert.equal(answer.url, `${grove.url}/api/docs`)
  assert.match(await answer.text(), /Grove API/)
})

test('metrics are served for Prometheus', async () => {
  const answer = await fetch(`${grove.url}/metrics`)
  const text = await answer.text()

  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
  for (const name of [
    'grove_http_requests_total',
    'grove_http_request_duration_seconds',
    'grove_http_request_seconds',
    'grove_build_info',
    'grove_damaged_hashes',
    'grove_disk_free_bytes',
    'grove_sync_last_round_timestamp_seconds',
    'grove_contributions',
    'grove_peers',
    'nodejs_eventloop_lag_seconds',
  ]) {
    assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
  }
  assert.match(text, /^grove_build_info\{version="\S+",node="v\d\S+"\} 1$/m)
})

test("Prometheus's own check has nothing to say about the metrics", async (context) => {
  const input = await (await fetch(`${grove.url}/metrics`)).text()

  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  })

  if (error !== undefined)
    return context.skip(`promtool, of the Debian package prometheus, is not here: ${error.message}`)
  assert.equal(`${stdout}${stderr}`, '')
  assert.equal(status, 0)
})

test("only counters end in _total, as Prometheus's own check asks", async () => {
  const text = await (await fetch(`${grove.url}/metrics`)).text()

  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', type]) => ({
    name,
    type,
  }))
  assert.ok(types.length > 20)
  for (const { name, type } of types)
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
})

test('a grove on a disk says how much room that has', async () => {
  await using temporary = await temporaryDirectory()
  await using onDisk = await serveNode(temporary.dir)

  const text = await (await fetch(`${onDisk.url}/metrics`)).text()

  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  assert.ok(figure('grove_disk_free_bytes') > 0)
  assert.ok(figure('grove_disk_size_bytes') >= figure('grove_disk_free_bytes'))
})
