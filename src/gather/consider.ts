import { lstat, open, readlink } from 'node:fs/promises'
import { pathOfBytes } from '../core/contribution/names.ts'
import { errnoOf } from '../core/errno.ts'
import { fileBytes } from '../disk/file-bytes.ts'
import { classify } from './classify.ts'
import { type Gathering, unreadable } from './gathered.ts'
import { HEAD_BYTES } from './keys.ts'

/** A file on disk that may be contributed. */
export interface FileCandidate {
  /** Its path in the contribution. */
  readonly path: string
  readonly file: Buffer
  /** The user named it: it is taken though it is hidden. */
  readonly isNamed?: boolean
  /** The user insists on it: it is taken whatever it is. */
  readonly isInsisted: boolean
}

/**
 * Adds a file to a gathering, or leaves it out. What is gone by now is passed over. Throws
 * `usage-error` for a file that can't be read.
 */
export async function consider(gathering: Gathering, candidate: FileCandidate): Promise<void> {
  const { path, file, isInsisted } = candidate
  try {
    const info = await lstat(file)
    if (info.isSymbolicLink()) {
      const symlink = pathOfBytes(await readlink(file, { encoding: 'buffer' }))
      return gathering.add({ path, symlink })
    }
    if (!info.isFile()) return gathering.leaveOut({ path, reason: 'special file' })
    const { reason, isSuspect } = classify(path, await headOf(file, info.size), candidate)
    if (reason !== undefined && !isInsisted) return gathering.leaveOut({ path, reason })
    if (isSuspect === true || reason === 'private key') gathering.suspects.push(path)
    const executable = (info.mode & 0o111) !== 0
    gathering.add({ path, executable, sizeBytes: info.size, open: () => fileBytes(file) })
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return
    if (typeof (cause as { syscall?: unknown }).syscall !== 'string') throw cause
    throw unreadable(path, cause)
  }
}

/** The start of a file's bytes. A size of 0 says nothing: files of /proc have it. */
async function headOf(file: Buffer, sizeBytes: number): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const wanted = Math.min(sizeBytes || HEAD_BYTES, HEAD_BYTES)
    const head = Buffer.allocUnsafe(wanted)
    for (let bytes = 0; ; ) {
      const { bytesRead } = await handle.read(head, bytes, wanted - bytes, bytes)
      bytes += bytesRead
      if (bytesRead === 0 || bytes === wanted) return head.subarray(0, bytes)
    }
  } finally {
    await handle.close()
  }
}
