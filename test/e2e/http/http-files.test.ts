import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { FileList } from '../../../src/core/wire/files.ts'
import { getJson, plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

let grove: ServedNode
let cid: string
before(async () => {
  grove = await serveNode()
  const form = new FormData()
  form.set('manifest', JSON.stringify(plainDraft))
  form.set('artifact:src/学习 (1).txt', new Blob(['learn']))
  form.set('artifact:a-ue9-b', new Blob(['a name is a name']))
  form.set('artifact:caf-udce9-', new Blob(['latin 1']))
  const answer = await fetch(`${grove.url}/api/contributions`, { method: 'POST', body: form })
  assert.equal(answer.status, 201, await answer.clone().text())
  cid = ((await answer.json()) as ContributionView).cid
})
after(() => grove[Symbol.asyncDispose]())

const file = (path: string, init: RequestInit = {}) =>
  fetch(`${grove.url}/api/contributions/${cid}/files/${path}`, init)

test('a multipart part is named by a path, or by a name that 0.1 accepts too', async () => {
  const { artifacts } = await getJson<ContributionView>(grove.url, `/api/contributions/${cid}`)
  const { files } = await getJson<FileList>(grove.url, `/api/contributions/${cid}/files`)

  assert.deepEqual(Object.keys(artifacts), [
    'a-ue9-b',
    'caf-udce9-',
    'src/-u5b66.4e60- -u28-1-u29-.txt',
  ])
  assert.deepEqual(
    files.map(({ path }) => path),
    ['aéb', 'caf\udce9', 'src/学习 (1).txt'],
  )
})

test('a multipart part that is neither name nor path is refused', async () => {
  for (const path of ['../up', '/root', 'a//b', '学'.repeat(80)]) {
    const form = new FormData()
    form.set('manifest', JSON.stringify(plainDraft))
    form.set(`artifact:${path}`, new Blob(['x']))
    const answer = await fetch(`${grove.url}/api/contributions`, { method: 'POST', body: form })

    assert.equal(answer.status, 400, path)
  }
})

test('a multipart part whose name is missing or unreadable is refused, not left out', async () => {
  for (const disposition of [
    'content-disposition: form-data',
    'content-disposition: form-data; filename="a"',
    'content-disposition: attachment; name="artifact:a"',
    'content-disposition: form-data; name="artifact:a"; filename="a\rb"',
    `x: ${'y'.repeat(20_000)}\r\ncontent-disposition: form-data; name="artifact:a"`,
    'content-type: text/plain',
  ]) {
    const named = 'content-disposition: form-data; name="manifest"'
    const part = (head: string, body: string) => `--xx\r\n${head}\r\n\r\n${body}\r\n`
    const answer = await fetch(`${grove.url}/api/contributions`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=xx' },
      body: `${part(named, JSON.stringify(plainDraft))}${part(disposition, 'x')}--xx--\r\n`,
    })

    assert.equal(answer.status, 400, disposition.slice(0, 60))
    assert.match(await answer.text(), /a part has no name/)
  }
})

test('a file is answered by its path, with its hash and ranges', async () => {
  const path = `src/${encodeURIComponent('学习 (1).txt')}`

  const whole = await file(path)
  const part = await file(path, { headers: { range: 'bytes=1-2' } })
  const head = await file(path, { method: 'HEAD' })

  assert.equal(await whole.text(), 'learn')
  assert.equal(whole.headers.get('etag'), `"${hashBytes(Buffer.from('learn'))}"`)
  assert.deepEqual([part.status, await part.text()], [206, 'ea'])
  assert.equal(head.headers.get('content-length'), '5')
})

test('a path may have its slashes escaped, and bytes that are not UTF-8', async () => {
  assert.equal(await (await file(encodeURIComponent('src/学习 (1).txt'))).text(), 'learn')
  assert.equal(await (await file('caf%E9')).text(), 'latin 1')
})

test('what has no file is 404, and bad escapes are 400', async () => {
  assert.equal((await file('nothing')).status, 404)
  assert.equal((await file('src')).status, 404)
  assert.equal((await file('caf%E')).status, 400)
})
