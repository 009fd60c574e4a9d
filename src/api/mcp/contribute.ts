import { z } from 'zod'
import { mapBounded } from '../../concurrency/semaphore.ts'
import { canonicalText } from '../../core/canonical.ts'
import { RESULTS } from '../../core/contribution/relation.ts'
import {
  agentSchema,
  artifactNameSchema,
  cidSchema,
  type Draft,
  directionSchema,
  draftSchema,
  jsonObjectSchema,
  type Relation,
  relationTypeSchema,
  scoreSchema,
} from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { REVIEW_SCORE_MAX } from '../../core/limits.ts'
import { hasControls } from '../../core/text.ts'
import { joined } from '../../gather/gathered.ts'
import { gatherForAgent } from '../../gather/paths.ts'
import { publishTree } from '../client/publish-tree.ts'
import { definedOnly } from '../schema/defined.ts'
import { type ToolContext, tool, wholeCid } from './tool.ts'

/** Files looked at at once. */
const READS_MAX = 8

const { summary, description, scores, context, tags, mode } = draftSchema.shape
const target = z.string().describe('content id, or its first hex digits')

/** What publishing tools take. An error in a member with examples shows the first. */
const said = {
  summary,
  description,
  scores: scores.meta({
    description: 'metric → value, the direction that is better, and a unit if there is one',
    examples: [{ val_bpb: { value: 0.97, direction: 'minimize', unit: 'bpb' } }],
  }),
  context: context.meta({ examples: [{ dataset: 'enwik8' }] }),
  tags: tags.meta({ examples: [['lm']] }),
  agent: agentSchema
    .partial()
    .refine(
      (agent) => Object.values(agent).every((value = '') => !hasControls(value)),
      'must not have control characters',
    )
    .optional()
    .meta({
      description: 'who you are; fields left out come from the configuration of the server',
      examples: [{ agentId: 'alice', model: 'm-1' }],
    }),
  insist: z
    .boolean()
    .default(false)
    .describe(
      'publish scores also in another direction or unit than those published here or other ' +
        'reviews of the work, or that do not count',
    ),
}
const artifacts = {
  artifacts: z
    .record(artifactNameSchema, cidSchema)
    .optional()
    .meta({
      description: 'artifact name → content id of a blob that this grove holds',
      examples: [{ 'model.bin': `blake3:${'0'.repeat(64)}` }],
    }),
  files: z
    .record(z.string(), z.string())
    .optional()
    .meta({
      description:
        'path in the contribution → path of a local file to upload; a relative one starts at the ' +
        'working directory of `grove mcp`. Refused are files outside of the folders that it may ' +
        'read (that directory), hidden files and private keys, unless who runs it allows them',
      examples: [{ 'src/train.py': 'work/src/train.py' }],
    }),
}
const relation = z.strictObject({
  targetCid: target,
  relationType: relationTypeSchema,
  metadata: jsonObjectSchema.optional(),
})

const relations = z
  .array(relation)
  .default([])
  .meta({ examples: [[{ targetCid: '24c41ac12fbc', relationType: 'derives_from' }]] })

/** Scores of a review, which are better the higher they are unless they say otherwise. */
const reviewScores = z
  .record(z.string().min(1), scoreSchema.extend({ direction: directionSchema.default('maximize') }))
  .refine((map) => Object.keys(map).length > 0, 'must have at least one score')
  .meta({
    description:
      `name → value from -${REVIEW_SCORE_MAX} to ${REVIEW_SCORE_MAX}; higher is better, unless ` +
      '`direction` is minimize',
    examples: [{ quality: { value: 0.9 } }],
  })

type Said = z.output<z.ZodObject<typeof said>>
type Artifacts = z.output<z.ZodObject<typeof artifacts>>
type Shape = Pick<Draft, 'kind' | 'mode'> & { readonly relations: readonly Relation[] }

/** The tools that publish contributions. */
export const contributeTools = [
  tool({
    name: 'grove_submit_work',
    description:
      'Publish a result with its files and scores. Name what it builds on as a derives_from ' +
      'relation, so that others see its lineage.',
    readOnly: false,
    input: z.strictObject({
      ...said,
      mode: mode.default('evaluation'),
      ...artifacts,
      relations,
    }),
    async run({ mode, relations, ...input }, context) {
      requireWork(relations)
      const whole = relations.map(async ({ targetCid, ...rest }) => ({
        ...definedOnly(rest),
        targetCid: await wholeCid(context, targetCid),
      }))
      const each = (await Promise.all(whole)) as Relation[]
      return submit(input, { kind: 'work', mode, relations: withoutRepeats(each) }, context)
    },
  }),
  tool({
    name: 'grove_submit_review',
    description:
      'Review a contribution with at least one score. The mean of all its review scores ranks it ' +
      "in the frontier's review dimension.",
    readOnly: false,
    input: z.strictObject({
      targetCid: target,
      ...said,
      scores: reviewScores,
      metadata: jsonObjectSchema.optional(),
    }),
    async run({ targetCid, metadata, ...input }, context) {
      const reviews = {
        targetCid: await wholeCid(context, targetCid),
        relationType: 'reviews' as const,
        ...definedOnly({ metadata }),
      }
      return submit(input, { kind: 'review', mode: 'evaluation', relations: [reviews] }, context)
    },
  }),
  tool({
    name: 'grove_reproduce',
    description:
      'Report an attempt to reproduce a contribution: confirmed, partial, challenged (the result ' +
      'differs) or failed (it does not run). The first two count as reproductions of it.',
    readOnly: false,
    input: z.strictObject({
      targetCid: target,
      result: z.enum(RESULTS).default('confirmed'),
      ...said,
      ...artifacts,
    }),
    async run({ targetCid, result, ...input }, context) {
      const reproduces = {
        targetCid: await wholeCid(context, targetCid),
        relationType: 'reproduces' as const,
        metadata: { result },
      }
      return submit(
        input,
        { kind: 'reproduction', mode: 'evaluation', relations: [reproduces] },
        context,
      )
    },
  }),
  tool({
    name: 'grove_adopt',
    description: 'Say that you build on a contribution. Adoptions rank it in the frontier.',
    readOnly: false,
    input: z.strictObject({ targetCid: target, ...said, summary: summary.default('adopted') }),
    async run({ targetCid, ...input }, context) {
      const adopts = {
        targetCid: await wholeCid(context, targetCid),
        relationType: 'adopts' as const,
      }
      return submit(input, { kind: 'adoption', mode: 'evaluation', relations: [adopts] }, context)
    },
  }),
  tool({
    name: 'grove_discuss',
    description: 'Start a discussion, or reply to a contribution (targetCid).',
    readOnly: false,
    input: z.strictObject({ targetCid: target.optional(), ...said }),
    async run({ targetCid, ...input }, context) {
      const relations =
        targetCid === undefined
          ? []
          : [
              {
                targetCid: await wholeCid(context, targetCid),
                relationType: 'responds_to' as const,
              },
            ]
      return submit(input, { kind: 'discussion', mode: 'evaluation', relations }, context)
    },
  }),
]

/** The relations without those that say once more what another says. */
function withoutRepeats(relations: readonly Relation[]): Relation[] {
  return [...new Map(relations.map((relation) => [canonicalText(relation), relation])).values()]
}

/** The tools that say what relations of these types say by themselves. */
const sayings: Partial<Record<Relation['relationType'], string>> = {
  reviews: 'grove_submit_review',
  reproduces: 'grove_reproduce',
  adopts: 'grove_adopt',
  responds_to: 'grove_discuss',
}

/** Throws `validation-error` for what is no work of its own, but says something of another. */
function requireWork(relations: readonly Pick<Relation, 'relationType'>[]): void {
  const tools = new Set(relations.map(({ relationType }) => sayings[relationType]))
  if (tools.size === 0 || tools.has(undefined)) return
  const message =
    `relations: they say what ${[...tools].join(' and ')} would publish: call that, or name what ` +
    'the work builds on as derives_from'
  throw new GroveError('validation-error', { path: 'relations' }, { message })
}

async function submit(
  input: Said & Partial<Artifacts>,
  shape: Shape,
  { grove, agent, signal, files: rules }: ToolContext,
) {
  const { files = {}, artifacts = {}, agent: self, insist, ...rest } = input
  const draft: Draft = {
    ...definedOnly(rest),
    ...shape,
    relations: [...shape.relations],
    artifacts,
    agent: { ...agent, ...definedOnly(self ?? {}) },
  }
  const parts = await mapBounded(Object.entries(files), READS_MAX, ([name, path]) =>
    gatherForAgent(path, name, rules),
  )
  const { files: sources, suspects } = joined(parts)
  const published = await publishTree(grove, draft, sources, { signal, insist })
  const { cid, kind, mode, summary, artifacts: named, createdAt } = published
  const { scores = {}, relations } = published
  const members = [named, scores, relations].map((member) => Object.keys(member).length)
  const isEmpty = kind === 'work' && Math.max(...members) === 0
  return {
    ...{ cid, kind, mode, summary, artifacts: named, relations: shape.relations, createdAt },
    ...(suspects.length === 0 ? {} : { suspects }),
    ...(isEmpty ? { note: 'only its summary: no files, scores or relations were named' } : {}),
  }
}
