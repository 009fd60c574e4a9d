import { randomBytes } from 'node:crypto'

/** So many bytes that nobody can guess, in hex. */
export const secretHex = (bytes: number): string => randomBytes(bytes).toString('hex')
