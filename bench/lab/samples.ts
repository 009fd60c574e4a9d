import { randomBytes } from 'node:crypto'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { LoadRequest } from './load.ts'

/** Distinguishes the samples of this run from those of others. */
const run = randomBytes(6).toString('hex')

/** A result as agents publish it: one score and two tags. Each number's differs, in each run. */
export function sampleDraft(number: number, metric = 'val_bpb'): Draft {
  return {
    kind: 'work',
    mode: 'evaluation',
    summary: `trial ${number} of run ${run}: wider context, lower learning rate`,
    scores: { [metric]: { value: 1 + spread(number), direction: 'minimize', unit: 'bpb' } },
    tags: ['bench', `series-${number % 16}`],
    agent: { agentId: `agent-${number % 8}`, platform: 'bench' },
  }
}

/** Numbers in [0, 1) that are in no order: Weyl's sequence of the golden ratio. */
function spread(number: number): number {
  return (number * 0.618_033_988_749_894_8) % 1
}

/** Text of this many characters. Each number's differs. */
export function sampleText(number: number, chars: number): string {
  return `artifact ${number} of run ${run}\n`.padEnd(chars, '0123456789abcdef')
}

/** Publishes a draft as JSON. */
export function publishRequest(draft: Draft): LoadRequest {
  return {
    method: 'POST',
    path: '/api/contributions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(draft),
  }
}

const BOUNDARY = 'grove-bench-boundary'

/** A multipart publish around the bytes of its one artifact. */
export function multipartFrame(
  draft: Draft,
  name: string,
): { headers: Record<string, string>; head: string; tail: string } {
  const part = (field: string, type: string) =>
    [
      `--${BOUNDARY}`,
      `content-disposition: form-data; name="${field}"; filename="${name}"`,
      `content-type: ${type}`,
      '\r\n',
    ].join('\r\n')
  const manifest = `${part('manifest', 'application/json')}${JSON.stringify(draft)}\r\n`
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    head: manifest + part(`artifact:${name}`, 'application/octet-stream'),
    tail: `\r\n--${BOUNDARY}--\r\n`,
  }
}

/** Publishes a draft with one text artifact, as multipart. */
export function multipartRequest(draft: Draft, name: string, content: string): LoadRequest {
  const { headers, head, tail } = multipartFrame(draft, name)
  return { method: 'POST', path: '/api/contributions', headers, body: head + content + tail }
}
