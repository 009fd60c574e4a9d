/** A block of an event stream: an event, a new position, or both. */
export interface SentEvent {
  /** Where the stream can be resumed; undefined if the block doesn't say. */
  readonly id: string | undefined
  readonly data: string | undefined
}

/**
 * The blocks of server-sent events, in order, without comments and other fields (HTML Standard
 * §9.2.6).
 */
export async function* serverSentEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let id: string | undefined
  let data: string[] = []
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(contentOf(line, 'data:'))
      else if (line.startsWith('id:')) id = contentOf(line, 'id:')
      else if (line === '' && (data.length > 0 || id !== undefined)) {
        yield { id, data: data.length > 0 ? data.join('\n') : undefined }
        id = undefined
        data = []
      }
    }
  }
}

const contentOf = (line: string, field: string) => line.slice(field.length).replace(/^ /, '')
