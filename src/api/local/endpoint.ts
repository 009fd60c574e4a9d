import { mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { runDirectory } from './holder.ts'

/** The longest path of a socket, in bytes: `sun_path` of unix(7) less its NUL; shorter on macOS. */
const SOCKET_PATH_MAX = process.platform === 'darwin' ? 103 : 107

/** Begins the names of pipes, which are no files. */
const PIPES = '\\\\.\\pipe\\'

/**
 * The name of the socket at which a holder listens for others on this machine: a file in its
 * folder, which its owner alone can reach. Windows has pipes instead, each with a name of its own.
 */
export const socketName = (unique: string): string =>
  process.platform === 'win32' ? `${PIPES}grove-${unique}` : 'socket'

/** The path of a directory's socket, or the name of its pipe. */
export const endpointOf = (dir: string, name: string): string =>
  name.startsWith(PIPES) ? name : join(runDirectory(dir), basename(name))

/** True if the endpoint is a file, which may be left over from a process that was killed. */
export const isFile = (endpoint: string): boolean => !endpoint.startsWith(PIPES)

/**
 * Calls `use` with a path that leads to the endpoint and is short enough for a socket. It is valid
 * until `use` has resolved: a longer path is reached by a link in a private temporary folder.
 */
export async function withShortPath<T>(
  endpoint: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  if (!isFile(endpoint) || Buffer.byteLength(endpoint) <= SOCKET_PATH_MAX) return use(endpoint)
  const folder = await mkdtemp(join(shortFolder(), 'grove-'))
  try {
    await symlink(await realpath(dirname(endpoint)), join(folder, 'run'))
    return await use(join(folder, 'run', basename(endpoint)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function shortFolder(): string {
  const folder = tmpdir()
  return Buffer.byteLength(folder) <= SOCKET_PATH_MAX / 2 ? folder : '/tmp'
}
