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
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#f6f7f5, #20231f); --accent: light-dark(#1e6b3a, #7fd29a) }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem }
h1 { margin: 0 } h2 { border-bottom: 1px solid var(--line); margin: 2rem 0 .5rem; text-transform: capitalize }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; background: var(--soft) }
summary { cursor: pointer; padding: .5rem .8rem } details > div { padding: 0 .8rem .8rem }
code, pre, input { font: 13px/1.45 ui-monospace, monospace }
pre { overflow: auto; max-height: 24rem; margin: .3rem 0; padding: .6rem; border: 1px solid var(--line) }
b { display: inline-block; width: 3.6rem; color: var(--accent) }
label { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem; margin: .25rem 0; align-items: center }
input { padding: .25rem; width: 100% } button { margin: .4rem 0; padding: .3rem .9rem; cursor: pointer } h4 { margin: .8rem 0 .2rem }
a { color: var(--accent) }
`

const SCRIPT = `
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props)
  node.append(...children)
  return node
}
const pretty = (value) => make('pre', { textContent: JSON.stringify(value, null, 2) })

function tryIt(path, parameters) {
  const fields = parameters.map((parameter) => [parameter, make('input', { placeholder: parameter.required ? 'needed' : '', ariaLabel: parameter.name })])
  const answer = make('div')
  const send = async (event) => {
    event.preventDefault()
    const query = new URLSearchParams()
    let target = path
    for (const [{ name, in: where }, { value }] of fields) {
      if (where === 'path') target = target.replace('{' + name + '}', encodeURIComponent(value))
      else if (value !== '') query.set(name, value)
    }
    const url = query.size > 0 ? target + '?' + query : target
    const response = await fetch(url)
    const text = await response.text()
    let shown = text.slice(0, 100000)
    try { shown = JSON.stringify(JSON.parse(text), null, 2).slice(0, 100000) } catch {}
    answer.replaceChildren(make('h4', { textContent: response.status + ' ' + url }), make('pre', { textContent: shown }))
  }
  const labels = fields.map(([{ name }, field]) => make('label', {}, make('code', { textContent: name }), field))
  const form = make('form', { onsubmit: send }, ...labels, make('button', { textContent: 'Send' }))
  return make('div', {}, make('h4', { textContent: 'Try it' }), form, answer)
}

function show(path, method, operation) {
  const body = make('div')
  const fill = () => {
    if (body.childElementCount > 0) return
    if (operation.parameters.length > 0) body.append(make('h4', { textContent: 'Parameters' }), pretty(operation.parameters))
    if (operation.requestBody) body.append(make('h4', { textContent: 'Body' }), pretty(operation.requestBody.content))
    for (const [status, answer] of Object.entries(operation.responses)) {
      if (status !== 'default') body.append(make('h4', { textContent: 'Answer ' + status }), pretty(answer.content))
    }
    const streams = Object.keys(operation.responses['200']?.content ?? {}).includes('text/event-stream')
    if (method === 'get' && !streams) body.append(tryIt(path, operation.parameters))
  }
  const head = make('summary', {}, make('b', { textContent: method.toUpperCase() }), make('code', { textContent: path }), ' — ' + operation.summary)
  return make('details', { id: operation.operationId, ontoggle: fill }, head, body)
}

const api = await (await fetch('/api/openapi.json')).json()
const groups = new Map()
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const [group] = operation.tags
    groups.set(group, [...(groups.get(group) ?? []), show(path, method, operation)])
  }
}
document.querySelector('main').replaceChildren(...[...groups].flatMap(([group, shown]) => [make('h2', { textContent: group }), ...shown]))
const schemas = Object.entries(api.components.schemas).map(([name, schema]) => {
  const head = make('summary', {}, make('code', { textContent: name }))
  return make('details', { id: 'schema-' + name }, head, make('div', {}, pretty(schema)))
})
document.querySelector('main').append(make('h2', { textContent: 'schemas' }), ...schemas)
document.querySelector('#version').textContent = api.info.version
`

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Grove API</title><style>${STYLE}</style></head>
<body>
<h1>Grove API <small id="version"></small></h1>
<p>All operations of this grove. The description for machines is <a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI 3.1);
figures are at <a href="/metrics">/metrics</a>.</p>
<main>Loading…</main>
<script type="module">${SCRIPT}</script>
</body>
</html>
`
