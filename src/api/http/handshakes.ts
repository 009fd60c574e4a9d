import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Connections } from './connections.ts'

/**
 * Has the connections of an https server counted by the sockets that requests come on, once https
 * has been agreed on. Until then they are counted, too: a caller may never get that far. Node gives
 * both sockets, but not which belong together, so they are found by where they come from.
 */
export function countSecured(server: Server, connections: Connections): void {
  const unsecured = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const from = originOf(socket)
    unsecured.set(from, socket)
    socket.once('close', () => {
      if (unsecured.get(from) === socket) unsecured.delete(from)
    })
  })
  server.on('secureConnection', (secured: Socket) => {
    const from = originOf(secured)
    const socket = unsecured.get(from)
    unsecured.delete(from)
    if (socket !== undefined) connections.leave(socket)
    connections.add(secured)
  })
}

const originOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
