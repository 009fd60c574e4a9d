import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { CidHasher, hashBytes } from '../../../src/core/cid.ts'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import { testFolder } from '../../support/folder.ts'
import { plainDraft, postJson } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const MIB = 1024 * 1024
const absent = `blake3:${'0'.repeat(64)}`
const content = randomBytes(300_000)
const hash = hashBytes(content)

const at = testFolder()
let grove: ServedNode
before(async () => {
  grove = await serveNode(at('blobs'))
  await fetch(`${grove.url}/api/blobs/${hash}`, { method: 'PUT', body: content })
})
after(() => grove[Symbol.asyncDispose]())

const blob = (headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${grove.url}/api/blobs/${hash}`, { method, headers })
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

test('an upload under its own hash, or under none, is stored and described', async () => {
  const bytes = Buffer.from('some bytes')
  const info = { hash: hashBytes(bytes), sizeBytes: bytes.byteLength }

  const put = await fetch(`${grove.url}/api/blobs/${info.hash}`, { method: 'PUT', body: bytes })
  const post = await fetch(`${grove.url}/api/blobs`, { method: 'POST', body: bytes })

  assert.equal(put.status, 201)
  assert.equal(post.status, 201)
  assert.deepEqual(await put.json(), info)
  assert.deepEqual(await post.json(), info)
})

test('an upload under another hash is refused and not stored', async () => {
  const put = await fetch(`${grove.url}/api/blobs/${absent}`, { method: 'PUT', body: 'anything' })
  const { error } = (await put.json()) as { error: { code: string } }

  assert.equal(put.status, 400)
  assert.equal(error.code, 'hash-mismatch')
  assert.equal((await fetch(`${grove.url}/api/blobs/${absent}`)).status, 404)
  assert.equal(
    (await fetch(`${grove.url}/api/blobs/${hashBytes(Buffer.from('anything'))}`)).status,
    404,
  )
})

test("a blob is immutable, with its hash as ETag, and browsers don't show it", async () => {
  const answer = await blob()

  assert.equal(answer.status, 200)
  assert.ok((await bytesOf(answer)).equals(content))
  assert.equal(answer.headers.get('etag'), `"${hash}"`)
  assert.equal(answer.headers.get('content-length'), String(content.byteLength))
  assert.match(answer.headers.get('cache-control') ?? '', /immutable/)
  assert.equal(answer.headers.get('content-disposition'), 'attachment')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/)
})

test('HEAD has the same headers without the bytes', async () => {
  const answer = await blob({}, 'HEAD')

  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-length'), String(content.byteLength))
  assert.equal(answer.headers.get('etag'), `"${hash}"`)
  assert.equal((await fetch(`${grove.url}/api/blobs/${absent}`, { method: 'HEAD' })).status, 404)
})

for (const [range, start, end] of [
  ['bytes=0-0', 0, 0],
  ['bytes=100-299', 100, 299],
  ['bytes=299000-', 299_000, 299_999],
  ['bytes=-500', 299_500, 299_999],
  ['bytes=299999-400000', 299_999, 299_999],
  ['bytes=-400000', 0, 299_999],
] as const) {
  test(`the range ${range} is served as partial content`, async () => {
    const answer = await blob({ range })

    assert.equal(answer.status, 206)
    assert.equal(answer.headers.get('content-range'), `bytes ${start}-${end}/300000`)
    assert.ok((await bytesOf(answer)).equals(content.subarray(start, end + 1)))
  })
}

test('a range beyond the end gets 416 with the size', async () => {
  const answer = await blob({ range: 'bytes=300000-' })

  assert.equal(answer.status, 416)
  assert.equal(answer.headers.get('content-range'), 'bytes */300000')
})

for (const range of ['bytes=5-2', 'bytes=1-2,5-6', 'items=1-2', 'bytes=-', 'bytes=a-b']) {
  test(`an invalid or multiple range (${range}) gets the whole blob`, async () => {
    const answer = await blob({ range })

    assert.equal(answer.status, 200)
    assert.ok((await bytesOf(answer)).equals(content))
  })
}

test('a client that has the blob gets 304', async () => {
  assert.equal((await blob({ 'if-none-match': `"${hash}"` })).status, 304)
  assert.equal((await blob({ 'if-none-match': `"other", W/"${hash}"` })).status, 304)
  assert.equal((await blob({ 'if-none-match': '*' })).status, 304)
  assert.equal((await blob({ 'if-none-match': '"other"' })).status, 200)
  for (const match of [`"${hash}"`, `"other", "${hash}"`, '*'])
    assert.equal((await blob({ 'if-match': match })).status, 200)
  for (const match of ['"other"', `W/"${hash}"`])
    assert.equal((await blob({ 'if-match': match })).status, 412)
})

test('a range with an If-Range for another entity gets the whole blob', async () => {
  assert.equal((await blob({ range: 'bytes=0-9', 'if-range': `"${hash}"` })).status, 206)
  assert.equal((await blob({ range: 'bytes=0-9', 'if-range': '"other"' })).status, 200)
})

test('an empty blob can be uploaded and downloaded', async () => {
  const empty = hashBytes(new Uint8Array())

  const put = await fetch(`${grove.url}/api/blobs/${empty}`, { method: 'PUT', body: '' })
  const answer = await fetch(`${grove.url}/api/blobs/${empty}`)

  assert.equal(put.status, 201)
  assert.equal((await bytesOf(answer)).byteLength, 0)
})

test('the missing hashes are listed, in order', async () => {
  const other = `blake3:${'1'.repeat(64)}`

  const { missing } = await postJson<{ missing: string[] }>(grove.url, '/api/blobs/missing', {
    hashes: [other, hash, absent],
  })

  assert.deepEqual(missing, [other, absent])
})

test("a manifest's bytes hash to its cid, with a header for its held artifacts", async () => {
  const draft = { ...plainDraft, summary: 'with an artifact', artifacts: { 'data.bin': hash } }
  const { cid } = await postJson<ContributionView>(grove.url, '/api/contributions', draft, 201)

  const answer = await fetch(`${grove.url}/api/gossip/contribution/${cid}`)

  assert.equal(answer.headers.get('grove-artifacts'), `${hash}=300000`)
  assert.equal(hashBytes(await bytesOf(answer)), cid)
})

test('a large artifact can be published before or after its manifest', async () => {
  const sizeBytes = 64 * MIB
  const hasher = new CidHasher()
  for (const chunk of chunks(sizeBytes)) hasher.update(chunk)
  const expected = hasher.digest()
  const parts = ['manifest', 'artifact:big/model.bin']

  for (const order of [parts, parts.toReversed()]) {
    const answer = await fetch(`${grove.url}/api/contributions`, multipart(order, sizeBytes))
    const { cid, artifacts } = (await answer.json()) as ContributionView
    const download = await fetch(
      `${grove.url}/api/contributions/${cid}/artifacts/${encodeURIComponent('big/model.bin')}`,
    )
    const received = new CidHasher()
    for await (const chunk of download.body ?? []) received.update(chunk)

    assert.equal(answer.status, 201)
    assert.equal(artifacts['big/model.bin'], expected)
    assert.equal(received.digest(), expected)
  }
})

test('a form that names another hash for an artifact is refused', async () => {
  const form = new FormData()
  form.set('manifest', JSON.stringify({ ...plainDraft, artifacts: { a: hash } }))
  form.set('artifact:a', new Blob(['other bytes']))

  const answer = await fetch(`${grove.url}/api/contributions`, { method: 'POST', body: form })

  assert.equal(answer.status, 400)
  assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'hash-mismatch')
})

for (const [what, parts] of [
  ['without a manifest', { 'artifact:a': 'x' }],
  ['with an unknown part', { manifest: JSON.stringify(plainDraft), other: 'x' }],
  ['with a name that leads out', { manifest: JSON.stringify(plainDraft), 'artifact:../a': 'x' }],
  ['with a manifest that is not JSON', { manifest: '{' }],
] as const) {
  test(`a form ${what} is refused and publishes nothing`, async () => {
    const form = new FormData()
    for (const [name, value] of Object.entries(parts)) form.set(name, new Blob([value as string]))
    const before = await grove.node.contributions.count()

    const answer = await fetch(`${grove.url}/api/contributions`, { method: 'POST', body: form })

    assert.equal(answer.status, 400)
    assert.equal(
      ((await answer.json()) as { error: { code: string } }).error.code,
      'VALIDATION_ERROR',
    )
    assert.equal(await grove.node.contributions.count(), before)
  })
}

test('a form that is cut off publishes nothing', async () => {
  const before = await grove.node.contributions.count()
  const part = (name: string, content: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}`
  const body = `${part('manifest', JSON.stringify(plainDraft))}\r\n${part('artifact:a', 'abc')}`

  const answer = await fetch(`${grove.url}/api/contributions`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  })

  assert.equal(answer.status, 400)
  assert.equal(await grove.node.contributions.count(), before)
})

test('no blob test made the grove log an error', () => {
  assert.deepEqual(grove.logged, [])
})

/** The bytes of a large file, always the same, in chunks of 1 MiB. */
function* chunks(sizeBytes: number): Generator<Buffer> {
  for (let at = 0; at < sizeBytes; at += MIB)
    yield Buffer.alloc(MIB, `${at} chunk of a large file `)
}

function multipart(parts: readonly string[], sizeBytes: number): RequestInit {
  async function* body() {
    for (const name of parts) {
      yield Buffer.from(
        `--grove\r\ncontent-disposition: form-data; name="${name}"; filename="f"\r\n\r\n`,
      )
      if (name === 'manifest')
        yield Buffer.from(JSON.stringify({ ...plainDraft, summary: `large, ${parts[0]} first` }))
      else yield* chunks(sizeBytes)
      yield Buffer.from('\r\n')
    }
    yield Buffer.from('--grove--\r\n')
  }
  return {
    method: 'POST',
    body: body() as unknown as ReadableStream,
    duplex: 'half',
    headers: { 'content-type': 'multipart/form-data; boundary=grove' },
  } as RequestInit
}

test('many slow readers get the right bytes, though a blob is sent from two buffers', async () => {
  const bytes = Buffer.alloc(8 * MIB)
  for (let at = 0; at < bytes.byteLength; at += 4) bytes.writeUInt32LE(at, at)
  const { hash: large } = await grove.node.blobs.put(bytes)
  const read = async () => {
    const hasher = new CidHasher()
    const incoming = await new Promise<IncomingMessage>((resolve) => {
      get(`${grove.url}/api/blobs/${large}`, resolve)
    })
    for await (const chunk of incoming) {
      hasher.update(chunk as Buffer)
      await new Promise<void>(setImmediate)
    }
    return hasher.digest()
  }

  const hashes = await Promise.all(Array.from({ length: 4 }, read))

  assert.deepEqual(new Set(hashes), new Set([large]))
})
