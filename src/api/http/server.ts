import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { errnoOf } from '../../core/errno.ts'
import { errorBody, GroveError } from '../../core/errors.ts'
import type { GroveNode } from '../../node/node.ts'
import { createHttpApp, type HttpApp, type HttpAppOptions } from './app.ts'
import { CONNECTIONS_MAX, Connections } from './connections.ts'
import { cutIfEventStream } from './exchange.ts'
import { countSecured } from './handshakes.ts'
import { answerConnect, answerExpectation, answerUnparsed, cutLater } from './unparsed.ts'

/** Time to agree on https, and to send a request's headers. Bodies have limits of their own. */
const HEADERS_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 30_000
/** How often a closing server checks for requests still under way. */
const DRAIN_POLL_MS = 10

/**
 * A server that has taken its port. It answers 503 until `serve` gives it a grove, because a grove
 * must know its own address before it starts.
 */
export interface BoundServer {
  /** Without a trailing slash. */
  readonly url: string
  readonly port: number
  serve(node: GroveNode, options: ServeOptions): RunningServer
  close(): Promise<void>
}

/** What a server proves its name by, and keeps what is said from others (PEM). */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

interface BindOptions {
  readonly host: string
  readonly port: number
  /** Default: it speaks http. */
  readonly tls?: Certificate | undefined
}

export interface ServeOptions extends Omit<HttpAppOptions, 'connections'> {
  /** Default: CONNECTIONS_MAX. */
  readonly connectionsMax?: number
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** What answers the requests; other servers may carry requests to it, too. */
  readonly app: HttpApp
  /** Accepts no more requests, waits `graceMs` for those under way, then aborts them. */
  close(options: { graceMs: number }): Promise<void>
}

/**
 * Takes the port (0: any free one). Throws `port-taken`, or `usage-error` for a host it can't
 * listen on.
 */
export async function bind(options: BindOptions): Promise<BoundServer> {
  let listener: RequestListener = (incoming, outgoing) => {
    if (cutIfEventStream(incoming)) return
    const body = JSON.stringify(
      errorBody(new GroveError('busy', {}, { message: 'the grove is starting' })),
    )
    outgoing.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(body)
  }
  const server = httpServer((incoming, outgoing) => listener(incoming, outgoing), options.tls)
  await listening(server, options)
  const { port } = server.address() as AddressInfo
  const isSecure = options.tls !== undefined
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  const url = `${isSecure ? 'https' : 'http'}://${host}:${port}`
  const serve = (node: GroveNode, options: ServeOptions): RunningServer => {
    const { connectionsMax = CONNECTIONS_MAX } = options
    const connections = new Connections({ most: connectionsMax, now: node.clock.now })
    server.maxConnections = connectionsMax
    server.on('connection', (socket: Socket) => connections.add(socket))
    server.on('clientError', (_error, socket) => cutLater(socket, node.clock))
    server.on('connect', (_incoming, socket) => cutLater(socket, node.clock))
    if (isSecure) countSecured(server, connections)
    const app = createHttpApp(node, { ...options, connections })
    listener = app.handle
    return { url, port, app, close: ({ graceMs }) => closeServer(server, app, node, graceMs) }
  }
  const close = async () => {
    server.closeAllConnections()
    await closed(server)
  }
  return { url, port, serve, close }
}

const TIMES = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: 0,
  keepAliveTimeout: KEEP_ALIVE_MS,
  noDelay: true,
} as const

/** A server that doesn't listen yet, with the limits and refusals of all our servers. */
export function httpServer(listener: RequestListener, tls?: Certificate): Server {
  const server = tls === undefined ? createServer(TIMES, listener) : secureServer(tls, listener)
  server.maxConnections = CONNECTIONS_MAX
  server.on('clientError', answerUnparsed)
  server.on('checkExpectation', answerExpectation)
  // Whoever asks before it sends a body is told to go on when the body is read, and not before.
  server.on('checkContinue', listener)
  server.on('connect', answerConnect)
  return server
}

function secureServer(tls: Certificate, listener: RequestListener): Server {
  const times = { ...TIMES, handshakeTimeout: HEADERS_TIMEOUT_MS }
  try {
    const server = createSecureServer({ ...times, ...tls, minVersion: 'TLSv1.2' }, listener)
    // Nothing can be said on such a socket, and Node leaves it to `clientError` to end it.
    return server.prependListener('tlsClientError', (_error, socket) => socket.destroy())
  } catch (cause) {
    const message = `the certificate and its key can't be used: ${(cause as Error).message}`
    throw new GroveError('usage-error', {}, { cause, message })
  }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function listenError(cause: Error, host: string, port: number): GroveError {
  const errno = errnoOf(cause)
  if (errno === 'EADDRINUSE') {
    return new GroveError(
      'port-taken',
      { host, port },
      {
        cause,
        message: `port ${port} on ${host} is taken: choose another with --port, or stop its user`,
      },
    )
  }
  return new GroveError(
    'usage-error',
    { host, port, errno },
    { cause, message: `cannot listen on ${host}:${port}: ${cause.message}` },
  )
}

async function closeServer(
  server: Server,
  app: HttpApp,
  node: GroveNode,
  graceMs: number,
): Promise<void> {
  const ended = closed(server)
  await drain(app, node, graceMs)
  server.closeAllConnections()
  await ended
}

/** Refuses new requests, waits `graceMs` for those under way, then aborts them. */
export async function drain(app: HttpApp, { clock }: GroveNode, graceMs: number): Promise<void> {
  app.drain()
  const deadline = clock.now() + graceMs
  while (app.live() > 0 && clock.now() < deadline) await clock.sleep(DRAIN_POLL_MS)
  app.abort()
  while (app.live() > 0 && clock.now() < deadline + DRAIN_POLL_MS * 5)
    await clock.sleep(DRAIN_POLL_MS)
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
