import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { InvalidArgumentError } from 'commander'
import { ApiAnswerer } from '../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../src/api/answer/request.ts'
import { exactLines } from '../../../src/api/mcp/exact-lines.ts'
import { parseScore, readJsonObject } from '../../../src/cli/options.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const SEED = '6687881544318117707'
const draft = JSON.stringify({ ...plainDraft, context: { run: { seed: 0 } } })
const inexact = draft.replace('"seed":0', `"seed":${SEED}`)
let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

async function publish(headers: Readonly<Record<string, string>>, body: string) {
  const target = '/api/contributions'
  const asked = memoryRequest({ method: 'POST', target, headers, body })
  const { response } = await new ApiAnswerer(grove.node).answer(asked)
  const { error } = JSON.parse(String(response.body)) as {
    error?: { message: string; details: Record<string, unknown> }
  }
  return { status: response.status, message: error?.message, details: error?.details }
}

test('a published number that JSON would change is refused, with its path and what to do', async () => {
  const answer = await publish({ 'content-type': 'application/json' }, inexact)

  assert.equal(answer.status, 400)
  assert.equal(answer.details?.path, 'context.run.seed')
  assert.match(String(answer.message), new RegExp(`${SEED} would become .* in quotes`))
  assert.equal((await publish({ 'content-type': 'application/json' }, draft)).status, 201)
})

test('so is one in the manifest of a form', async () => {
  const type = 'multipart/form-data; boundary=xx'
  const form = (manifest: string) =>
    `--xx\r\ncontent-disposition: form-data; name="manifest"\r\n\r\n${manifest}\r\n--xx--\r\n`

  const answer = await publish({ 'content-type': type }, form(inexact))

  assert.equal(answer.status, 400)
  assert.equal(answer.details?.path, 'context.run.seed')
})

test('numbers so deep that no manifest could hold them are refused, not a fault of the grove', async () => {
  const deep = (open: string, close: string) =>
    draft.replace('"seed":0', `"seed":${open.repeat(16_000)}1e400${close.repeat(16_000)}`)

  for (const body of [deep('[', ']'), deep('{"a":', '}')]) {
    const answer = await publish({ 'content-type': 'application/json' }, body)
    assert.equal(answer.status, 400)
    assert.match(String(answer.message), /nested deeper/)
  }
  const text = draft.replace('"seed":0', `"seed":1e0,"text":"\\"${'['.repeat(500)}"`)
  assert.equal((await publish({ 'content-type': 'application/json' }, text)).status, 201)
})

test('so is one in an option of the command line', () => {
  const taken = readJsonObject('{"seed":"6687881544318117707"}')

  assert.deepEqual(taken, { seed: SEED })
  for (const refused of [
    () => readJsonObject(`{"seed":${SEED}}`),
    () => parseScore(`steps=${SEED}:maximize`),
    () => parseScore('loss=1e-400:minimize'),
  ])
    assert.throws(refused, InvalidArgumentError)
})

test("so is one in a tool's arguments, and a line that is no JSON is answered too", async () => {
  const stdout = new PassThrough()
  const stdin = exactLines(stdout)
  const call = (seed: string) =>
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":{"context":{"seed":${seed}}}}}\n`

  stdin.write(`${call(SEED)}not json\n${call('1').slice(0, 20)}`)
  stdin.end(call('1').slice(20))
  await once(stdin.resume(), 'end').catch(() => {})

  const [refused, broken] = String(stdout.read())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { error } = JSON.parse(refused.result.content[0].text)
  assert.deepEqual([refused.id, refused.result.isError], [7, true])
  assert.equal(error.details.path, 'context.seed')
  assert.equal(broken.error.code, -32_700)
})

test('what a tool is told exactly is passed on as it is', async () => {
  const stdin = exactLines(new PassThrough())
  const line = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"text":"é"}}\n'
  const bytes = Buffer.from(line)

  for (const byte of bytes) stdin.write(Buffer.of(byte))
  stdin.end()

  assert.equal(Buffer.concat(await stdin.toArray()).toString(), line)
})
