import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { allOperations } from '../../../src/api/operations/table.ts'
import { signRequest } from '../../../src/signing/http-signature.ts'
import { runCommand } from '../../support/cli-run.ts'
import { testFolder } from '../../support/folder.ts'
import { serveNode } from '../../support/serve-node.ts'
import { keyOf } from '../../support/signed-groves.ts'

const at = testFolder()

/** All forms in which a secret could slip out. */
const formsOf = (secret: Buffer): Buffer[] => [
  secret,
  ...(['hex', 'base64', 'base64url'] as const).map((form) =>
    Buffer.from(secret.toString(form).replace(/=+$/, '')),
  ),
]

const commands = [
  ['identity'],
  ['identity', '--json'],
  ['identity', 'export'],
  ['token', 'list', '--json'],
  ['status', '--json'],
  ['peers', '--json'],
  ['log', '--json'],
  ['attest', 'blake3:0'],
  ['nonsense'],
]

test('no answer, log, message or file has a private key or a token, whatever is called', async () => {
  const dir = at('grove')
  const seen: { readonly where: string; readonly bytes: Buffer }[] = []
  const see = (where: string, ...what: unknown[]) => {
    const texts = what.map((each) =>
      typeof each === 'string' ? each : inspect(each, { depth: 9, showHidden: true }),
    )
    seen.push({ where, bytes: Buffer.from(texts.join(' ')) })
  }
  const told = (level: string) => (message: string, fields?: object) => see(level, message, fields)
  const lines = { debug: told('debug'), info: told('info'), warn: told('warn') }
  const secrets: Buffer[] = []
  {
    await using grove = await serveNode(dir, lines, { admission: 'members', isBehindProxy: true })
    const { tokens, standings } = grove.node.access
    const { token } = await tokens.create({ name: 'all', scope: 'operate' })
    await standings.say(keyOf(1).peerId, { standing: 'trusted' })
    secrets.push(...formsOf(Buffer.from(token.slice(-43), 'base64url')))
    const ask = async (path: string, init: RequestInit) => {
      const signal = AbortSignal.timeout(60_000)
      const answer = await fetch(grove.url + path, { ...init, signal })
      see(`${init.method} ${path}`, Object.fromEntries(answer.headers))
      if (path === '/api/events') await answer.body?.cancel()
      else see(`${init.method} ${path}`, await answer.text())
    }

    for (const { http, kind } of allOperations) {
      const path = http.path.replace(/:\w+(\{.+\})?/g, `blake3:${'0'.repeat(64)}`)
      const body =
        http.method === 'GET' ? {} : { body: kind === 'upload' ? 'x' : `{"x": "${token}"}` }
      const type = { 'content-type': 'application/json' }
      const authorization = `Bearer ${token}`
      await ask(path, { method: http.method, headers: { ...type, authorization }, ...body })
      if (path !== '/api/events')
        await ask(`${path}?token=${token}`, { method: http.method, headers: type, ...body })
    }
    for (const path of ['/metrics', '/api/docs', '/api/openapi.json', `/${token}`])
      await ask(path, { method: 'GET', headers: { authorization: `Bearer ${token}` } })
    const method = 'POST'
    const target = `${grove.url}/api/gossip/exchange`
    const moment = { created: Math.floor(Date.now() / 1_000), nonce: '0'.repeat(32) }
    const headers = await signRequest(keyOf(1), { method, target, body: '{}' }, moment)
    await ask('/api/gossip/exchange', { method, headers, body: '{}' })
    see('what a crash would show', grove.node, grove.logged)
  }
  for (const command of commands) {
    const ran = await runCommand([...command, '--dir', dir]).catch(String)
    see(`grove ${command.join(' ')}`, ran)
  }

  const pem = readFileSync(join(dir, 'identity.pem'), 'utf8')
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' })
  secrets.push(...formsOf(Buffer.from(d, 'base64url')), Buffer.from(pem.split('\n')[1] ?? pem))
  for (const name of readdirSync(dir, { recursive: true }) as string[]) {
    const path = join(dir, name)
    if (name !== 'identity.pem' && statSync(path).isFile())
      seen.push({ where: name, bytes: readFileSync(path) })
  }
  const found = seen.filter(({ bytes }) => secrets.some((secret) => bytes.includes(secret)))
  assert.deepEqual([...new Set(found.map(({ where }) => where))], [])
  assert.ok(seen.length > 100 && seen.some(({ where }) => where === 'grove.db'), 'much was seen')
})
