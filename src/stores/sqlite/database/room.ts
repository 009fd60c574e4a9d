import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { GroveError } from '../../../core/errors.ts'

/** Less free space than this is a full disk: no write of any size could be relied on. */
const ROOM_MIN_BYTES = 1024 * 1024

/** Whether the disk of a file has room for writes. */
export function hasRoom(file: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(file))
  return bavail * bsize >= ROOM_MIN_BYTES
}

/** What a write to a full disk gets. */
export function noRoom(file: string): GroveError {
  const message = `the disk of ${dirname(file)} is full: make room, and storing goes on by itself`
  return new GroveError('storage-full', { file }, { message })
}
