import type { Cid } from '../core/cid.ts'

/** A file with content. */
export interface PlainFile {
  /** Its path inside the workspace, with `/` between its components. */
  readonly path: string
  /** The hash that its bytes must have. */
  readonly hash: Cid
  readonly executable?: boolean | undefined
}

/** A symbolic link. */
export interface SymbolicLink {
  readonly path: string
  /** What it leads to, as it is written into it. */
  readonly symlink: string
}

/** A file or link to write into a workspace. */
export type WorkspaceFile = PlainFile | SymbolicLink

/** Opens the stream of a file's bytes. */
export type OpenFile = (
  file: PlainFile,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>

/** How a workspace is written. */
export interface WorkspaceOptions {
  /** Write into a directory that isn't empty, and replace files of the same names. */
  readonly overwrite?: boolean
  /** Refuse files that would make the directory, or one in it, a git repository or a grove. */
  readonly refuseLayouts?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly path: string; readonly writtenBytes: number }) => void
}
