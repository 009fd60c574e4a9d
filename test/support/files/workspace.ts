import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { hashBytes } from '../../../src/core/cid.ts'
import type { OpenFile, PlainFile, WorkspaceOptions } from '../../../src/workspace/file.ts'
import { writeWorkspace } from '../../../src/workspace/workspace.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** A file with this text. */
export const fileOf = (path: string, text: string): PlainFile => ({
  path,
  hash: hashBytes(bytesOf(text)),
})

/** Reads files whose texts are given by path. */
export function reader(texts: Readonly<Record<string, string>>): OpenFile {
  return async function* ({ path }) {
    yield bytesOf(texts[path] ?? '')
  }
}

/** Writes files of these texts, by path. `served`: what is read in place of some of them. */
export function write(
  target: string,
  texts: Readonly<Record<string, string>>,
  options: WorkspaceOptions & { readonly served?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { served, ...rest } = options
  const files = Object.entries(texts).map(([path, text]) => fileOf(path, text))
  return writeWorkspace(target, files, reader({ ...texts, ...served }), rest)
}

/** All files below a directory with their texts, links with `-> target`, by path. */
export async function contentOf(directory: string, below = ''): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  const entries = await readdir(join(directory, below), { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    const path = join(directory, name)
    if (entry.isSymbolicLink()) content[name] = `-> ${await readlink(path)}`
    else if (entry.isFile()) content[name] = await readFile(path, 'utf8')
    else if (entry.name.startsWith('.grove-checkout-')) content[name] = 'a leftover'
    else Object.assign(content, await contentOf(directory, name))
  }
  return content
}
