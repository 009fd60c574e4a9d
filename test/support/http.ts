import assert from 'node:assert/strict'
import type { ContributionView, Draft } from '../../src/core/contribution/schema.ts'

/** GETs JSON from a grove. */
export async function getJson<T>(url: string, path: string): Promise<T> {
  const answer = await fetch(url + path)
  assert.equal(answer.status, 200, `GET ${path}: ${answer.status} ${await answer.clone().text()}`)
  return (await answer.json()) as T
}

/** POSTs JSON to a grove. */
export async function postJson<T>(
  url: string,
  path: string,
  body: unknown,
  status = 200,
): Promise<T> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.equal(
    answer.status,
    status,
    `POST ${path}: ${answer.status} ${await answer.clone().text()}`,
  )
  return (await answer.json()) as T
}

/** Publishes a draft with artifacts, as multipart. */
export async function publishTo(
  url: string,
  draft: Partial<Draft>,
  artifacts: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<ContributionView> {
  const form = new FormData()
  form.set('manifest', JSON.stringify({ ...plainDraft, ...draft }))
  for (const [name, content] of Object.entries(artifacts))
    form.set(`artifact:${name}`, new Blob([content as Uint8Array<ArrayBuffer> | string]), name)
  const answer = await fetch(`${url}/api/contributions`, { method: 'POST', body: form })
  assert.equal(answer.status, 201, await answer.clone().text())
  return (await answer.json()) as ContributionView
}

/** The least that a draft needs. */
export const plainDraft = {
  kind: 'work',
  mode: 'evaluation',
  summary: 'a result',
  agent: { agentId: 'tester' },
} satisfies Draft
