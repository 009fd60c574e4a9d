import { z } from 'zod'
import { isCid } from '../../core/cid.ts'
import { cidSchema } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { blobInfoSchema, missingAnswerSchema, missingRequestSchema } from '../../core/wire/fetch.ts'
import { stageArtifact } from '../../node/publish.ts'
import { bytes, json, upload } from './operation.ts'

const group = 'blobs'

export const blobOperations = {
  blob: bytes({
    name: 'blob',
    group,
    summary: 'Download a blob by its hash',
    http: { method: 'GET', path: '/api/blobs/:hash' },
    access: 'shared',
    contentType: 'application/octet-stream',
    input: z.strictObject({ hash: cidSchema }),
    async run(node, { hash }, { by, via, caller: host }) {
      const here = await node.blobs.stat(hash)
      const canCome = here === undefined && by !== undefined && isCid(via)
      const hasCome = canCome && (await node.onDemand.artifact(hash, via, { by, host }))
      const info = hasCome ? await node.blobs.stat(hash) : here
      if (info === undefined)
        throw new GroveError('blob-missing', { hash }, { message: `Blob ${hash} not found` })
      return { ...info, open: (options) => node.blobs.get(hash, options) }
    },
  }),
  putBlob: upload({
    name: 'putBlob',
    group,
    summary: 'Upload a blob under the hash that it must have',
    http: { method: 'PUT', path: '/api/blobs/:hash', status: 201 },
    access: 'publish',
    input: z.strictObject({ hash: cidSchema }),
    output: blobInfoSchema,
    run: (node, { hash }, { body, signal, caller, gives = false }) =>
      stageArtifact(node, body, { expect: hash, signal, gives, ...(caller && { caller }) }),
  }),
  postBlob: upload({
    name: 'postBlob',
    group,
    summary: 'Upload a blob and get its hash',
    http: { method: 'POST', path: '/api/blobs', status: 201 },
    access: 'publish',
    input: z.strictObject({}),
    output: blobInfoSchema,
    run: (node, _, { body, signal, caller, gives = false }) =>
      stageArtifact(node, body, { signal, gives, ...(caller && { caller }) }),
  }),
  missingBlobs: json({
    name: 'missingBlobs',
    group,
    summary: 'Say which of these blobs are missing here',
    http: { method: 'POST', path: '/api/blobs/missing', maxBodyBytes: 128 * 1024 },
    access: 'publish',
    input: missingRequestSchema,
    output: missingAnswerSchema,
    run: async (node, { hashes }) => ({ missing: await node.blobs.missing(hashes) }),
  }),
}
