import { createHash } from 'node:crypto'

/** The reference to browse: one self-contained page that reads /api/openapi.json. */
export function docsPage(): { body: string; headers: Record<string, string> } {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(SCRIPT)}'`,
    `style-src '${hashOf(STYLE)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    body: PAGE,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
    },
  }
}

/** How a content security policy names an inline script or style. CSP 3 §2.3.1. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444) }
:root { --soft: light-dark(#f6f7f5, #20231f); --accent: light-dark(#1e6b3a, #7fd29a) }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem }
h1 { margin: 0 } h4 { margin: .8rem 0 .2rem }
h2 { border-bottom: 1px solid var(--line); margin: 2rem 0 .5rem; text-transform: capitalize }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0 }
details { background: var(--soft) }
summary { cursor: pointer; padding: .5rem .8rem } details > div { padding: 0 .8rem .8rem }
code, pre, input { font: 13px/1.45 ui-monospace, monospace }
pre { overflow: auto; max-height: 24rem; margin: .3rem 0; padding: .6rem }
pre { border: 1px solid var(--line) }
code { overflow-wrap: anywhere }
dl { margin: .2rem 0 } dd { margin: 0 0 .3rem 1rem }
b { display: inline-block; width: 3.6rem; color: var(--accent) }
label { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem; margin: .25rem 0 }
label { align-items: center }
input { padding: .25rem; width: 100% }
@media (max-width: 30rem) { body { padding: .8rem } label { grid-template-columns: 1fr; gap: 0 } }
button { margin: .4rem 0; padding: .3rem .9rem; cursor: pointer }
a { color: var(--accent) }
`

const SCRIPT = `
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props)
  node.append(...children)
  return node
}
const text = (tag, textContent) => make(tag, { textContent })
const pretty = (value) => text('pre', JSON.stringify(value, null, 2))
const input = ({ name, required }) =>
  make('input', { placeholder: required ? 'needed' : '', ariaLabel: name })

// The page may lie under a prefix, behind a proxy.
const root = new URL('..', location.href).pathname.replace(/\\/$/, '')

function about({ name, description, required, schema }) {
  const type = schema?.type ?? 'json'
  const term = make('dt', {}, text('code', name), ' ' + type + (required ? ', needed' : ''))
  return [term, text('dd', description)]
}

function tryIt(path, parameters) {
  const fields = parameters.map((parameter) => [parameter, input(parameter)])
  const answer = make('div')
  const send = async (event) => {
    event.preventDefault()
    const query = new URLSearchParams()
    let target = root + path
    for (const [{ name, in: where }, { value }] of fields) {
      if (where === 'path') target = target.replace('{' + name + '}', encodeURIComponent(value))
      else if (value !== '') query.set(name, value)
    }
    const url = query.size > 0 ? target + '?' + query : target
    const response = await fetch(url)
    const body = await response.text()
    let shown = body.slice(0, 100000)
    try { shown = JSON.stringify(JSON.parse(body), null, 2).slice(0, 100000) } catch {}
    answer.replaceChildren(text('h4', response.status + ' ' + url), text('pre', shown))
  }
  const labels = fields.map(([{ name }, field]) => make('label', {}, text('code', name), field))
  const form = make('form', { onsubmit: send }, ...labels, text('button', 'Send'))
  return make('div', {}, text('h4', 'Try it'), form, answer)
}

function show(path, method, operation) {
  const { parameters, requestBody, responses, summary, operationId } = operation
  const body = make('div')
  const add = (title, value) => body.append(text('h4', title), pretty(value))
  const fill = () => {
    if (body.childElementCount > 0) return
    if (parameters.length > 0)
      body.append(text('h4', 'Parameters'), make('dl', {}, ...parameters.flatMap(about)))
    if (requestBody) add('Body', requestBody.content)
    for (const [status, answer] of Object.entries(responses)) {
      if (status !== 'default') add('Answer ' + status, answer.content)
    }
    const streams = 'text/event-stream' in (responses['200']?.content ?? {})
    if (method === 'get' && !streams) body.append(tryIt(path, parameters))
  }
  const title = [text('b', method.toUpperCase()), text('code', path), ' — ' + summary]
  const head = make('summary', {}, ...title)
  return make('details', { id: operationId, ontoggle: fill }, head, body)
}

const api = await (await fetch('openapi.json')).json()
const groups = new Map()
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const [group] = operation.tags
    groups.set(group, [...(groups.get(group) ?? []), show(path, method, operation)])
  }
}
const sections = [...groups].flatMap(([group, shown]) => [text('h2', group), ...shown])
const schemas = Object.entries(api.components.schemas).map(([name, schema]) => {
  const head = make('summary', {}, text('code', name))
  return make('details', { id: 'schema-' + name }, head, make('div', {}, pretty(schema)))
})
document.querySelector('main').replaceChildren(...sections, text('h2', 'schemas'), ...schemas)
document.querySelector('#version').textContent = api.info.version
`

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Grove API</title><style>${STYLE}</style>
</head>
<body>
<h1>Grove API <small id="version"></small></h1>
<p>All operations of this grove. The description for machines is
<a href="openapi.json">openapi.json</a> (OpenAPI 3.1); figures are at
<a href="../metrics">metrics</a>.</p>
<main>Loading…</main>
<script type="module">${SCRIPT}</script>
</body>
</html>
`
