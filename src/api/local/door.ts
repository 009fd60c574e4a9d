import { chmod, rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { GroveError } from '../../core/errors.ts'
import { splitTarget } from '../answer/request.ts'
import { errorResponse, jsonResponse, type TextResponse } from '../answer/response.ts'
import type { HttpApp } from '../http/app.ts'
import { httpServer } from '../http/server.ts'
import { endpointOf, isFile, socketName, withShortPath } from './endpoint.ts'
import { type Holder, makeRunDirectory, removeHolder, writeHolder } from './holder.ts'
import type { Leaving } from './leaving.ts'

/** The route by which a process asks the holder to leave the directory to it. */
export const LEAVE_PATH = '/.grove/leave'

/** The door of a directory: by it, other processes on this machine reach its holder. */
export interface LocalDoor {
  /** Lets nobody in any more; those inside may stay. */
  shut(): Promise<void>
  /** Cuts the connections of those inside. Call it after `shut`. */
  end(): Promise<void>
}

interface DoorOptions {
  /** The directory; only the process that has it locked may open its door. */
  readonly dir: string
  /** The note to leave, as far as it doesn't depend on the door. */
  readonly holder: Omit<Holder, 'socket'>
  readonly app: HttpApp
  /** Undefined if this process keeps the directory. */
  readonly leaving?: Leaving | undefined
  /** Told why there is no socket. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Opens the door: every operation over HTTP at a socket that only the owner of the directory can
 * reach. Where there can be no socket, the note names the holder all the same. Throws what the
 * system answers if not even that can be written.
 */
export async function openDoor(options: DoorOptions): Promise<LocalDoor> {
  const { dir, holder, onFailure } = options
  await makeRunDirectory(dir)
  const name = socketName(holder.key.slice(0, 16))
  const server = httpServer((incoming, outgoing) => answer(options, incoming, outgoing))
  const isOpen = await listen(server, endpointOf(dir, name)).then(
    () => true,
    (error: unknown) => {
      onFailure(error)
      return false
    },
  )
  try {
    await writeHolder(dir, isOpen ? { ...holder, socket: name } : holder)
  } catch (error) {
    // Nobody finds a socket without a note, and an open one would keep the process running.
    if (isOpen) server.close()
    throw error
  }
  const ended = new Promise<void>((resolve) => server.once('close', resolve))
  return {
    async shut() {
      await removeHolder(dir)
      if (!isOpen) return
      server.close()
      await removeSocket(endpointOf(dir, name))
    },
    async end() {
      if (!isOpen) return
      server.closeAllConnections()
      await ended
    },
  }
}

/** A socket that a killed process has left is replaced: nobody listens at it, since it is ours. */
async function listen(server: Server, endpoint: string): Promise<void> {
  await removeSocket(endpoint)
  await withShortPath(
    endpoint,
    (path) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ path }, () => {
          server.off('error', reject)
          resolve()
        })
      }),
  )
  if (isFile(endpoint)) await chmod(endpoint, 0o600)
}

async function removeSocket(endpoint: string): Promise<void> {
  if (isFile(endpoint)) await rm(endpoint, { force: true })
}

function answer(options: DoorOptions, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { app, leaving } = options
  const isAsking = splitTarget(incoming.url ?? '').path === LEAVE_PATH
  if (!isAsking) app.handleLocal(incoming, outgoing)
  else if (leaving?.canLeave() === true) {
    outgoing.once('finish', () => leaving.leave())
    send(outgoing, jsonResponse(202, {}))
  } else {
    const stays = leaving === undefined ? kept(options) : new GroveError('busy')
    send(outgoing, errorResponse(stays))
  }
}

function send(outgoing: ServerResponse, { status, headers, body }: TextResponse): void {
  outgoing.writeHead(status, { ...headers, connection: 'close' }).end(body)
}

/** The error of who wants a directory that its holder keeps. */
function kept({ dir, holder: { pid, url } }: DoorOptions): GroveError {
  const message =
    `${dir} is in use by another grove: stop it, ` +
    `talk to it with --server${url === undefined ? '' : ` ${url}`} (process ${pid}), ` +
    'or use another directory'
  return new GroveError(
    'storage-locked',
    { dir, pid, ...(url !== undefined && { url }) },
    { message },
  )
}
