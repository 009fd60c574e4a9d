import type { Cid } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type { ReadContext } from '../context.ts'
import { fileOf, type OpenedFile } from './files.ts'
import { artifactOf, contributionOf } from './queries.ts'

/** Bytes of a file that a textual comparison takes. */
const DIFF_MAX_BYTES = 4 * 1024 * 1024

/**
 * The text of one artifact or file in two contributions, by its name or path. Throws `not-found`,
 * `blob-missing`, `pack-invalid`, `too-large`.
 */
export async function diff(
  node: ReadContext,
  parent: Cid,
  child: Cid,
  name: string,
): Promise<{ parent: string; child: string }> {
  return { parent: await textOf(node, parent, name), child: await textOf(node, child, name) }
}

async function textOf(node: ReadContext, cid: Cid, name: string): Promise<string> {
  const { sizeBytes, open } = await opened(node, cid, name)
  if (sizeBytes > DIFF_MAX_BYTES)
    throw new GroveError('too-large', { cid, name, sizeBytes, maxBytes: DIFF_MAX_BYTES })
  const chunks: Uint8Array[] = []
  for await (const chunk of await open({ signal: new AbortController().signal })) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function opened(node: ReadContext, cid: Cid, name: string): Promise<OpenedFile> {
  const { manifest } = await contributionOf(node, cid)
  if (!Object.hasOwn(manifest.artifacts, name)) return fileOf(node, cid, name)
  const info = await artifactOf(node, cid, name)
  return { ...info, open: (options) => node.blobs.get(info.hash, options) }
}
