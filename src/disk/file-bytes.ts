import { createReadStream, type PathLike } from 'node:fs'

/**
 * The bytes of a file, which is opened when the first are asked for: bytes that nobody reads hold
 * no file open, and an error is thrown to the reader. Throws the system's errors.
 */
export async function* fileBytes(path: PathLike): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of createReadStream(path)) yield chunk as Uint8Array
}
