import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { testFolder } from '../../support/folder.ts'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails, groveText } from '../../support/processes/run-grove.ts'

const at = testFolder()

test('a grove that others reach lets callers in by tokens, from the environment or a file', async () => {
  const place = ['--public-url', 'http://grove.example:4515', '--admission', 'open']
  const served = await serveGrove(at('grove'), ...place)
  const there = ['--server', served.url]
  const client = { env: { GROVE_DIR: at('client') } }
  try {
    const refused = await groveFails(4, ['log', ...there])
    const made = await groveText(['token', 'create', 'ci', '--dir', at('grove')])
    const token = made.trim()
    await mkdir(at('client'))
    await writeFile(at('client/grove.json'), JSON.stringify({ token }), { mode: 0o644 })
    const exposed = await groveFails(4, ['log', ...there], client)
    await chmod(at('client/grove.json'), 0o600)
    await groveText(['log', ...there], client)
    const forbidden = await groveFails(4, ['token', 'list', ...there], {
      env: { GROVE_TOKEN: token },
    })
    await groveText(['token', 'revoke', 'ci', '--dir', at('grove')])
    const revoked = await groveFails(4, ['log', ...there], client)

    assert.match(refused, /GROVE_TOKEN/)
    assert.match(made, /^grove_[0-9a-f]{12}_[\w-]{43}\n$/)
    assert.match(exposed, /grove\.json holds a token and others can read it: chmod 600/)
    assert.match(forbidden, /allows read, and this needs operate/)
    assert.match(revoked, /no such token/)
    assert.ok(!served.log().includes(token.slice(-43)), 'no log has the secret')
  } finally {
    await served.kill()
  }
})

test('a grove that others could reach does not start until it is chosen who may call', async () => {
  const line = await groveFails(2, [
    'serve',
    '--dir',
    at('new'),
    '--host',
    '0.0.0.0',
    '--port',
    '0',
  ])

  assert.match(line, /0\.0\.0\.0: --admission members .*, signed .* or open/)
})
