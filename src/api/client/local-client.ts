import type { GroveEvent } from '../../core/wire/events.ts'
import type { EventSubscription } from '../../node/events.ts'
import type { GroveNode } from '../../node/node.ts'
import { stageArtifact } from '../../node/publish.ts'
import type { BytesOperation } from '../operations/operation.ts'
import { operations } from '../operations/table.ts'
import { parseInput } from '../schema/parse.ts'
import { type CallOptions, callsOf, type Download, type GroveApi, sourceOf } from './api.ts'
import type { SentEvent } from './event-stream.ts'

/**
 * A grove in this process. Closing the client leaves the node open: that is its owner's to close.
 */
export function localClient(node: GroveNode): GroveApi {
  const signalOf = (options: CallOptions | undefined) => options?.signal ?? node.closing
  const download = async (
    operation: BytesOperation,
    input: unknown,
    options: CallOptions | undefined,
    range?: Range,
  ): Promise<Download> => {
    const signal = signalOf(options)
    const answer = await operation.run(node, parseInput(operation.input, input), { signal })
    const sizeBytes =
      range === undefined
        ? answer.sizeBytes
        : Math.min(range.end, answer.sizeBytes - 1) - range.start + 1
    return {
      hash: answer.hash,
      sizeBytes,
      body: await answer.open(range === undefined ? { signal } : { range, signal }),
    }
  }
  return {
    isLocal: true,
    ...callsOf(async (operation, input, options) => {
      const checked = operation.checksInput === true ? input : parseInput(operation.input, input)
      const { onTransfer, insist = false } = options
      return operation.run(node, checked, {
        signal: signalOf(options),
        isLocal: true,
        checks: !insist,
        ...(onTransfer && { onTransfer }),
      })
    }),
    blob: ({ hash, range }, options) => download(operations.blob, { hash }, options, range),
    artifact: (input, options) => download(operations.artifact, input, options),
    file: ({ range, ...input }, options) => download(operations.file, input, options, range),
    manifest: (input, options) => download(operations.manifest, input, options),
    uploadBlob: (source, { expect, ...options } = {}) =>
      stageArtifact(node, sourceOf(source), {
        ...(expect && { expect }),
        signal: signalOf(options),
      }),
    events: ({ signal, after }) => {
      const ended = AbortSignal.any([signal, node.closing])
      const subscribe = (input: unknown) =>
        operations.events.run(node, parseInput(operations.events.input, input), { signal: ended })
      return resumed(subscribe({ after }), (id) => subscribe({ after: id }))
    },
    close: async () => {},
  }
}

/** The events of a subscription; where it ended because its reader was too slow, it is resumed. */
async function* resumed(
  subscription: EventSubscription,
  resume: (after: string) => EventSubscription,
): AsyncGenerator<GroveEvent> {
  let current = subscription
  try {
    for (;;) {
      const { value: event, done } = await current.next()
      if (done === true) return
      if (event.type === 'lagged') current = resume(event.id)
      yield event
    }
  } finally {
    await current.return()
  }
}

/** The events after a position, in the form in which a server sends them. */
export async function* sentEvents(
  node: GroveNode,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SentEvent> {
  const input = parseInput(operations.events.input, { after })
  const ended = AbortSignal.any([signal, node.closing])
  const events = operations.events.run(node, input, { signal: ended })
  try {
    yield { id: await events.start(), data: undefined }
    for await (const event of events)
      yield { id: 'id' in event ? event.id : undefined, data: JSON.stringify(event) }
  } finally {
    await events.return()
  }
}

type Range = { readonly start: number; readonly end: number }
