import type { GroveNode } from '../../node/node.ts'
import type { Handler } from '../answer/routes.ts'
import type { HttpApp } from '../http/app.ts'
import { type LocalDoor, openDoor } from './door.ts'
import { directoryId, PROOF_PATH, proofHandler, type Role } from './holder.ts'
import type { Leaving } from './leaving.ts'

/** A node's directory, ready to be served to other processes. */
export interface LocalServing {
  /** By them, callers of any of the node's servers make sure that it is this directory's. */
  readonly pages: Readonly<Record<string, Handler>>
  /** Opens the door of the directory; undefined, and a line in the log, where that can't be. */
  open(options: OpenOptions): Promise<LocalDoor | undefined>
}

interface OpenOptions {
  readonly app: HttpApp
  readonly role: Role
  /** Where it listens besides. */
  readonly url?: string
  /** Undefined if this process keeps the directory. */
  readonly leaving?: Leaving
}

/**
 * Prepares to serve the directory that a node has open and locked. `secret` draws so many bytes
 * that nobody can guess, in hex.
 */
export async function localServing(
  dir: string,
  node: GroveNode,
  secret: (bytes: number) => string,
): Promise<LocalServing> {
  const { peerId } = node.config.self
  const key = secret(32)
  const proven = { key, peerId, directory: await directoryId(dir) }
  const pages = { [PROOF_PATH]: proofHandler(proven) }
  const warn = (error: unknown) =>
    node.log.warn('other processes can not share the directory', { dir, err: error })
  const open = async ({ app, role, url, leaving }: OpenOptions) => {
    const holder = { pid: process.pid, role, peerId, key, ...(url !== undefined && { url }) }
    try {
      return await openDoor({ dir, holder, app, leaving, onFailure: warn })
    } catch (error) {
      warn(error)
      return undefined
    }
  }
  return { pages, open }
}
