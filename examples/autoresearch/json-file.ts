import { readFileSync } from 'node:fs'

/**
 * The value in a JSON file. Throws an error that names the file when it is not JSON, or the file
 * system's error.
 */
export function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause })
  }
}
