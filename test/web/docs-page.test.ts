import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../scripts/chromium.ts'
import { type Grove, openGrove } from '../../src/index.ts'
import { testFolder } from '../support/folder.ts'

const executablePath = findChromium()
const skip =
  executablePath === undefined
    ? 'no Chromium on this machine, and it could not be installed'
    : false
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const at = testFolder()
let grove: Grove | undefined
let browser: Browser | undefined

before(async () => {
  if (executablePath === undefined) return
  grove = await openGrove({ dir: at('web'), listen: {} })
  browser = await chromium.launch({ executablePath, args: quiet })
})

after(async () => {
  await browser?.close()
  await grove?.close()
})

/** Opens the reference in a browser, with the addresses that it requests and its errors. */
async function openPage(
  base = grove?.url,
): Promise<{ page: Page; asked: string[]; errors: string[] }> {
  const page = await (browser as Browser).newPage()
  const asked: string[] = []
  const errors: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(`${base}/api/docs`)
  await page.getByText('/api/contributions', { exact: false }).first().waitFor()
  return { page, asked, errors }
}

test('the reference lists the operations, and loads nothing from elsewhere', { skip }, async () => {
  const { page, asked, errors } = await openPage()

  const text = (await page.locator('body').textContent()) ?? ''

  for (const path of [
    '/api/frontier',
    '/api/contributions/{cid}/fetch',
    '/api/blobs/{hash}',
    '/api/federation/peers',
  ]) {
    assert.ok(text.includes(path), path)
  }
  assert.ok(asked.length >= 2, 'the page and the document that it describes')
  assert.deepEqual(
    asked.filter((address) => !address.startsWith(`${grove?.url}/`)),
    [],
  )
  assert.deepEqual(errors, [])
})

test('no line of the reference is wider than a phone, and only code scrolls', {
  skip,
}, async () => {
  const { page } = await openPage()
  await page.setViewportSize({ width: 360, height: 640 })

  const operation = page
    .locator('details', { hasText: '/api/contributions/{cid}/artifacts' })
    .first()
  await operation.locator('summary').first().click()
  await operation.getByRole('button').first().waitFor()

  const beyond = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  assert.equal(beyond, 0)
})

test('the reference works under a prefix, behind a proxy', { skip }, async () => {
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url?.replace(/^\/under\/here/, '')
    if (path === incoming.url) return void outgoing.writeHead(404).end()
    request(`${grove?.url}${path}`, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    }).end()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  try {
    const { page, errors } = await openPage(`http://127.0.0.1:${port}/under/here`)

    const operation = page.locator('details', { hasText: '/api/grove' }).first()
    await operation.locator('summary').first().click()
    await operation.getByRole('button').first().click()

    await operation.getByText('"contributions"').waitFor()
    assert.deepEqual(errors, [])
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
})

test('an operation can be tried from its form', { skip }, async () => {
  await grove?.publish({
    kind: 'work',
    mode: 'evaluation',
    summary: 'seen in a browser',
    agent: { agentId: 'tester' },
  })
  const { page, errors } = await openPage()

  const operation = page.locator('details', { hasText: '/api/search' }).first()
  await operation.locator('summary').first().click()
  await operation.getByLabel('q', { exact: true }).fill('browser')
  await operation.getByRole('button').first().click()

  await operation.getByText('seen in a browser').waitFor()
  assert.deepEqual(errors, [])
})
