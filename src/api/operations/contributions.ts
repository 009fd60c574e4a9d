import { z } from 'zod'
import { viewOf } from '../../core/contribution/contribution.ts'
import { LIFECYCLE } from '../../core/contribution/lifecycle.ts'
import {
  artifactNameSchema,
  type ContributionView,
  cidSchema,
  contributionViewSchema,
  directionSchema,
  draftSchema,
  timestampSchema,
} from '../../core/contribution/schema.ts'
import { keyIdSchema } from '../../core/identity/rotation.ts'
import { MANIFEST_MAX_BYTES } from '../../core/limits.ts'
import { ageTextSchema } from '../../core/ranking/cursor.ts'
import { levelSchema } from '../../core/ranking/level.ts'
import { timestamp } from '../../core/time.ts'
import { fetchOptionsSchema, fetchResultSchema } from '../../core/wire/fetch.ts'
import { fileListSchema } from '../../core/wire/files.ts'
import { filterShape, pageShape } from '../../core/wire/frontier.ts'
import { fetchRemoteContribution } from '../../node/fetch/fetch.ts'
import { expectNamed, refuseStranger } from '../../node/peers/providers.ts'
import { checkDraft, publish } from '../../node/publish.ts'
import { fileOf, listFiles } from '../../node/read/files.ts'
import { listContributions } from '../../node/read/lists.ts'
import {
  artifactOf,
  attestationFor,
  contributionOf,
  resolveCid,
  standingOf,
} from '../../node/read/queries.ts'
import { definedOnly } from '../schema/defined.ts'
import { listing } from './list-answer.ts'
import { bytes, json } from './operation.ts'

const group = 'contributions'
/** A draft may have more white space than its canonical form. */
const PUBLISH_MAX_BYTES = MANIFEST_MAX_BYTES + 64 * 1024

/** Asks that scores be refused that are meant otherwise than those published here. */
const metricsCheck = { header: 'grove-check', name: 'metrics' }

const artifactInput = z.strictObject({ cid: cidSchema, name: artifactNameSchema })
const listSchema = z.array(contributionViewSchema)
const listInput = z.strictObject({
  ...filterShape,
  ...pageShape(100),
  after: ageTextSchema.optional(),
})
const listOutput = z.object({ items: listSchema, total: z.number().int() })

const countsSchema = z.object({
  adoption: z.number().int(),
  reproduction: z.number().int(),
  reviews: z.number().int(),
})

const beliefShape = { level: levelSchema, why: z.string() }

/** An envelope as DSSE 1.0 has it. */
const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })),
})

/** What a grove knows about a contribution beyond its manifest: its origin and its reception. */
const standingSchema = z.object({
  cid: cidSchema,
  origin: z.enum(['local', 'peer']),
  peerId: z.string().optional(),
  address: z.string().optional(),
  receivedAt: timestampSchema,
  lifecycle: z.enum(LIFECYCLE),
  adoption: z.number().int(),
  reproduction: z.number().int(),
  reviewScore: z.number().optional(),
  /** What of these signals is the word of its own author, where that is known. */
  byAuthor: countsSchema.optional(),
  /** Who has signed it; older groves don't say. */
  origins: z
    .array(
      z.object({
        peerId: keyIdSchema,
        /** When it was published there, as that grove says. */
        at: timestampSchema,
        /** This grove. */
        own: z.literal(true).optional(),
        /** What is made of its key here, if anything. */
        standing: z.enum(['trusted', 'member', 'blocked']).optional(),
        /** The grove's present key, where it has another than it signed this with. */
        now: keyIdSchema.optional(),
      }),
    )
    .optional(),
  /** How many groves have signed what the signals count, each once. */
  signedBy: countsSchema.optional(),
  /** How many of these the operator trusts, beside this grove itself. */
  trusted: countsSchema.optional(),
  /** How much of what the signals count nobody has signed, as groves up to 0.2.0 don't. */
  unsigned: countsSchema.optional(),
  missingArtifacts: z.array(z.string()),
  /** How far it is believed as a whole, and why. */
  ...beliefShape,
  /** The same in each dimension in which it ranks here. */
  beliefs: z.array(
    z.object({ metric: z.string(), direction: directionSchema, value: z.number(), ...beliefShape }),
  ),
})

export const contributionOperations = {
  publish: json({
    name: 'publish',
    group,
    summary: 'Publish a contribution; it is durable when the answer comes',
    http: {
      method: 'POST',
      path: '/api/contributions',
      status: 201,
      maxBodyBytes: PUBLISH_MAX_BYTES,
    },
    access: 'publish',
    input: draftSchema,
    output: contributionViewSchema,
    checksInput: true,
    // The artifacts that a draft names may be among the files that come after it.
    multipart: {
      check: (node, draft, options) => checkDraft(node, { ...draft, artifacts: {} }, options),
    },
    check: metricsCheck,
    subject: ({ cid, kind, agent, summary }) => ({
      published: cid,
      kind,
      by: agent.agentId,
      summary,
    }),
    async run(node, draft, options) {
      return viewOf((await publish(node, draft, options)).contribution)
    },
  }),
  checkDraft: json({
    name: 'checkDraft',
    group,
    summary: 'Say whether a draft would be published, before its artifacts are uploaded',
    http: { method: 'POST', path: '/api/drafts/check', maxBodyBytes: PUBLISH_MAX_BYTES },
    access: 'publish',
    input: draftSchema,
    output: z.object({ ok: z.literal(true) }),
    checksInput: true,
    check: metricsCheck,
    async run(node, draft, options) {
      await checkDraft(node, draft, options)
      return { ok: true as const }
    },
  }),
  listContributions: json({
    name: 'listContributions',
    group,
    summary: 'List contributions, oldest first',
    http: { method: 'GET', path: '/api/contributions' },
    access: 'public',
    input: listInput,
    output: listOutput,
    wire: {
      schema: listSchema,
      unpack: (body, header) => ({
        items: body as ContributionView[],
        total: Number(header('x-total-count')),
      }),
    },
    ...listing<z.output<typeof listInput>, z.output<typeof listOutput>>(
      { rows: 'items', isArray: true },
      async (node, { limit, offset, after, ...filter }, { maxBytes, ...options }) => {
        const part = { limit, offset, ...definedOnly({ after, maxBytes }) }
        const found = await listContributions(node, definedOnly(filter), part, options)
        const { rows, next, total } = found
        return { rows, next, others: { total }, headers: { 'x-total-count': String(total) } }
      },
    ),
  }),
  contribution: json({
    name: 'contribution',
    group,
    summary: 'Show one contribution',
    http: { method: 'GET', path: '/api/contributions/:cid' },
    access: 'shared',
    input: z.strictObject({ cid: cidSchema }),
    output: contributionViewSchema,
    run: async (node, { cid }) => viewOf(await contributionOf(node, cid)),
  }),
  standing: json({
    name: 'standing',
    group,
    summary:
      'Say where a contribution came from, what others made of it and how far it is believed',
    http: { method: 'GET', path: '/api/contributions/:cid/standing' },
    access: 'public',
    input: z.strictObject({ cid: cidSchema }),
    output: standingSchema,
    async run(node, { cid }) {
      const { provenance, reviewScore, byAuthor, belief, beliefs, ...rest } = await standingOf(
        node,
        cid,
      )
      const { receivedAt, host: _, ...source } = provenance
      const missingArtifacts = [...rest.missingArtifacts]
      return {
        cid,
        ...source,
        receivedAt: timestamp(receivedAt),
        ...rest,
        ...definedOnly({ reviewScore, byAuthor }),
        origins: rest.origins.map(({ at, ...signer }) => ({ ...signer, at: timestamp(at) })),
        missingArtifacts,
        ...belief,
        beliefs: beliefs.map(({ cid: _, ...rest }) => rest),
      }
    },
  }),
  attestation: json({
    name: 'attestation',
    group,
    summary: 'Attest who has published a contribution: an in-toto statement in a DSSE envelope',
    http: { method: 'GET', path: '/api/contributions/:cid/attestation' },
    access: 'read',
    input: z.strictObject({ cid: cidSchema }),
    output: envelopeSchema,
    run: (node, { cid }) => attestationFor(node, cid),
  }),
  artifact: bytes({
    name: 'artifact',
    group,
    summary: 'Download an artifact by the name that its contribution gives it',
    http: { method: 'GET', path: '/api/contributions/:cid/artifacts/:name' },
    access: 'shared',
    contentType: 'application/octet-stream',
    input: artifactInput,
    async run(node, { cid, name }) {
      const info = await artifactOf(node, cid, name)
      return { ...info, open: (options) => node.blobs.get(info.hash, options) }
    },
  }),
  artifactMeta: json({
    name: 'artifactMeta',
    group,
    summary: 'Say how large an artifact is',
    http: { method: 'GET', path: '/api/contributions/:cid/artifacts/:name/meta' },
    access: 'shared',
    input: artifactInput,
    output: z.object({ sizeBytes: z.number().int() }),
    async run(node, { cid, name }) {
      const { sizeBytes } = await artifactOf(node, cid, name)
      return { sizeBytes }
    },
  }),
  files: json({
    name: 'files',
    group,
    summary: 'List the files of a contribution by their paths, those in a pack too',
    http: { method: 'GET', path: '/api/contributions/:cid/files' },
    access: 'public',
    input: z.strictObject({ cid: cidSchema, ...pageShape(100) }),
    output: fileListSchema,
    mcp: {
      tool: 'grove_files',
      description:
        'List the files of a contribution: their paths, sizes, modes and links. Of long lists, ' +
        'it gives one page; `next` is the offset of the next.',
    },
    run: (node, { cid, ...page }) => listFiles(node, cid, page),
  }),
  file: bytes({
    name: 'file',
    group,
    summary: 'Download a file of a contribution by its path, from a pack too',
    http: { method: 'GET', path: '/api/contributions/:cid/files/:path{.+}' },
    access: 'public',
    contentType: 'application/octet-stream',
    input: z.strictObject({ cid: cidSchema, path: z.string() }),
    run: (node, { cid, path }) => fileOf(node, cid, path),
  }),
  fetchContribution: json({
    name: 'fetchContribution',
    group,
    summary: 'Fetch a contribution from other groves, verify it and keep it',
    http: { method: 'POST', path: '/api/contributions/:cid/fetch', maxBodyBytes: 512 * 1024 },
    access: 'publish',
    input: z.strictObject({ cid: cidSchema, ...fetchOptionsSchema.shape }),
    output: fetchResultSchema,
    mcp: {
      tool: 'grove_fetch',
      description:
        'Copy a contribution from another grove into this one, with its artifacts and ancestors, ' +
        'all verified. Call it first for work that is not held here.',
    },
    run: async (node, { cid, ...options }, context) => {
      const { signal, onTransfer } = context
      if (options.peer !== undefined)
        (context.isElsewhere === true ? refuseStranger : expectNamed)(node, options.peer)
      return fetchRemoteContribution(node, cid, definedOnly(options), {
        signal,
        ...(onTransfer && { onProgress: onTransfer }),
      })
    },
  }),
  resolveCid: json({
    name: 'resolveCid',
    group,
    summary: 'Complete an abbreviated content id',
    http: { method: 'GET', path: '/api/resolve/:prefix' },
    access: 'public',
    input: z.strictObject({ prefix: z.string().max(100) }),
    output: z.object({ cid: cidSchema }),
    run: async (node, { prefix }) => ({ cid: await resolveCid(node, prefix) }),
  }),
}
