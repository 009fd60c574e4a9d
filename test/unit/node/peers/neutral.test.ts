import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { storageError } from '../../../../src/core/errno.ts'
import { errorBody, type GroveError } from '../../../../src/core/errors.ts'
import { neutralError } from '../../../../src/node/peers/neutral.ts'
import { work } from '../../../support/peer.ts'
import { addressOf, type Misbehave, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()
const missing = work('held by nobody')

/** What may be at an address where no grove is. */
const places: Readonly<Record<string, Misbehave | undefined>> = {
  closed: undefined,
  website: () => answer(200, '<html>', { 'content-type': 'text/html' }),
  'not-found': () => answer(404, 'nothing here'),
  forbidden: () => answer(403, '{}'),
  moved: () => answer(302, '', { location: 'http://10.0.0.5/' }),
}

const answer = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: Buffer.from(body),
})

/** What a caller is told by a grove whose seed is at that place, without its name and times. */
async function toldOf(place: string, remote: string) {
  const misbehave = places[place]
  const peer = { peerId: addressOf(place), address: addressOf(place) }
  await using _ = misbehave === undefined ? undefined : startPeer(place, { misbehave })
  await using grove = testNode([peer])
  const heard: unknown[] = []
  const ended = new AbortController()
  const events = grove.node.events.subscribe(ended.signal)
  const listening = (async () => {
    for await (const event of events) heard.push(event)
  })()
  const answerer = new ApiAnswerer(grove.node)
  const ask = async (method: string, target: string, body?: object) => {
    const headers = { 'content-type': 'application/json', host: 'localhost' }
    const text = body === undefined ? '' : JSON.stringify(body)
    const { response } = await answerer.answer(
      memoryRequest({ method, target, headers, body: text, remote }),
    )
    return `${response.status} ${response.body}`
  }
  const told = [
    await ask('POST', `/api/contributions/${missing.cid}/fetch`, {}),
    await ask('POST', '/api/federation/sync', {}),
    await ask('GET', '/api/federation/peers'),
    await ask('GET', '/api/federation/sync'),
  ]
  await until('the failure is told', () => heard.length > 0)
  ended.abort()
  await listening
  const failures = heard.filter((event) => (event as { type: string }).type === 'fetch-failed')
  return [...told, JSON.stringify(failures)].map((text) =>
    text
      .replaceAll(place, 'PLACE')
      .replaceAll(/"(durationMs|trust)":[\d.]+/g, '"$1":0')
      .replaceAll(/"(at|startedAt|lastSeen)":"[^"]*"/g, '"$1":""'),
  )
}

test('from another machine nobody learns what is at an address where no grove is', async () => {
  const closed = await toldOf('closed', '8.0.0.1')

  for (const place of Object.keys(places))
    assert.deepEqual(await toldOf(place, '8.0.0.1'), closed, place)
  assert.doesNotMatch(closed.join('\n'), /ECONN|ENOTFOUND|10\.0\.0\.5/)
})

test('who is on the same machine is told why a peer does not answer', async () => {
  const [closed, website] = [await toldOf('closed', '127.0.0.1'), await toldOf('website', '::1')]

  assert.notDeepEqual(website, closed)
})

test('of its full disk a grove tells others no path', () => {
  const cause = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const error = storageError(cause, { path: '/srv/secret/tmp/7' })

  const told = neutralError(error) as GroveError

  assert.equal(told.code, 'storage-full')
  assert.equal(JSON.stringify(errorBody(told)).includes('/srv'), false)
})
