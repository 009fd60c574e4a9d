/** A request to answer, whether it came from a socket, the simulator or a test. */
export interface ApiRequest {
  readonly method: string
  /** Without the query, still percent-encoded. */
  readonly path: string
  /** The query without its question mark; empty if there is none. */
  readonly search: string
  /** Whether it came through the socket of the grove's directory. Default: over the network. */
  readonly isLocal?: boolean
  /** The host that it came from, by which callers take turns. */
  readonly host?: string
  /**
   * Whether something carried it on, such as a reverse proxy that this grove was not told to trust:
   * then nobody knows where it came from.
   */
  readonly isForwarded?: boolean
  /** The IP address that it came from. Undefined for one through the directory's socket. */
  readonly remote?: string | undefined
  /** Aborts when the caller leaves, or when a closing server's grace is over. */
  readonly signal: AbortSignal
  /**
   * Waits until its work may go on, where that is long; undefined if it may now. Hosts take turns
   * by the time that they use. Default: nobody counts it.
   */
  turn?(): Promise<void> | undefined
  /** Whether nobody else has the chunks of `bodyStream`. Default: somebody may. */
  readonly givesBody?: boolean
  /** Whether chunks of its answer may change when the next one is asked for. Default: no. */
  readonly takesLent?: boolean
  /** Takes room for so many bytes of the answer until it has been sent. Default: nobody counts. */
  hold?(bytes: number): void
  /** The value of a header, by its lower-case name. */
  header(name: string): string | undefined
  /**
   * The whole body; undefined as soon as it exceeds `maxBytes`. Throws `aborted` if the caller
   * leaves before its end.
   */
  wholeBody(maxBytes: number): Promise<Buffer | undefined>
  /** The body as it comes, of any length. The reader may stop before its end. */
  bodyStream(): AsyncIterable<Uint8Array>
}

/** What a request target says. */
interface RequestTarget {
  readonly path: string
  readonly search: string
  /** Who is called, in an absolute target: it goes before the header `host` (RFC 9112 §3.2.2). */
  readonly authority?: string
}

/** Splits a request target into path and query. */
export function splitTarget(target: string): RequestTarget {
  const [all, authority] = /^https?:\/\/([^/?]*)/i.exec(target) ?? []
  if (all !== undefined && authority !== undefined)
    return { ...splitTarget(target.slice(all.length).replace(/^(?!\/)/, '/')), authority }
  const end = target.indexOf('?')
  return end < 0
    ? { path: target, search: '' }
    : { path: target.slice(0, end), search: target.slice(end + 1) }
}

interface MemoryRequest {
  readonly method: string
  /** The path with its query. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly remote?: string
  readonly isForwarded?: boolean
}

/** A request that is complete in memory, from a caller that never leaves. */
export function memoryRequest({
  method,
  target,
  headers = {},
  body = '',
  remote,
  isForwarded = false,
}: MemoryRequest): ApiRequest {
  const bytes = Buffer.from(body as string)
  const { path, search, authority } = splitTarget(target)
  return {
    method,
    path,
    search,
    remote,
    isForwarded,
    signal: new AbortController().signal,
    header: (name) => (name === 'host' ? authority : undefined) ?? headers[name],
    wholeBody: async (maxBytes) => (bytes.byteLength > maxBytes ? undefined : bytes),
    async *bodyStream() {
      yield bytes
    },
  }
}
