import type { Cid } from '../../core/cid.ts'
import type { FileStamp, FileStamps } from '../fs/blobs.ts'
import type { Session } from './session.ts'

/** Stamps of blob files as rows of the table `blob_file`. */
export class SqliteFileStamps implements FileStamps {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get(hash: Cid): Promise<FileStamp | undefined> {
    return this.#session.read({ type: 'file-stamp', hash })
  }

  set(hash: Cid, stamp: FileStamp): void {
    this.#session.write({ type: 'set-file-stamp', hash, stamp }).catch(() => {})
  }

  delete(hash: Cid): void {
    this.#session.write({ type: 'delete-file-stamp', hash }).catch(() => {})
  }
}
