import { z } from 'zod'
import {
  agentSchema,
  contributionViewSchema,
  draftSchema,
  relationSchema,
  scoreSchema,
} from '../../core/contribution/schema.ts'
import { groveEventSchema } from '../../core/wire/events.ts'
import {
  bestListSchema,
  federationPeerSchema,
  syncReportSchema,
} from '../../core/wire/federation.ts'
import { fetchResultSchema } from '../../core/wire/fetch.ts'
import {
  federatedEntrySchema,
  frontierAnswerSchema,
  frontierEntrySchema,
} from '../../core/wire/frontier.ts'
import { digestEntrySchema, gossipMessageSchema, peerInfoSchema } from '../../core/wire/gossip.ts'
import { groveInfoSchema } from '../../core/wire/grove.ts'
import { VERSION } from '../../version.ts'
import { accessTable } from '../admission/access.ts'
import { groups, type Operation } from '../operations/operation.ts'
import { type JsonSchema, jsonSchemaOf, propertiesOf } from './json-schema.ts'
import { parameterWords } from './parameter-words.ts'
import { inputForms, listsByItem, PATH_MEMBER } from './query.ts'

const errorSchema: JsonSchema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        details: { type: 'object' },
      },
      required: ['code', 'message', 'details'],
    },
  },
  required: ['error'],
}

/** Where a grove listens if it isn't told. */
const DEFAULT_ADDRESS = 'http://127.0.0.1:4515'

/** Schemas that are described once and referred to by name. */
const named: Readonly<Record<string, z.ZodType>> = {
  Agent: agentSchema,
  Score: scoreSchema,
  Relation: relationSchema,
  Contribution: contributionViewSchema,
  Draft: draftSchema,
  Frontier: frontierAnswerSchema,
  FrontierEntry: frontierEntrySchema,
  DigestEntry: digestEntrySchema,
  GossipMessage: gossipMessageSchema,
  PeerInfo: peerInfoSchema,
  FederatedEntry: federatedEntrySchema,
  FederationPeer: federationPeerSchema,
  FetchResult: fetchResultSchema,
  SyncReport: syncReportSchema,
  BestList: bestListSchema,
  GroveEvent: groveEventSchema,
  Grove: groveInfoSchema,
}

/**
 * The whole API as OpenAPI 3.1, derived from the table. `address` is that of the grove that answers
 * it.
 */
export function openApi(operations: readonly Operation[], address = DEFAULT_ADDRESS): object {
  const references = new References()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const path = operation.http.path.replace(PATH_MEMBER, '{$1}')
    paths[path] = {
      ...paths[path],
      [operation.http.method.toLowerCase()]: describe(operation, references),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Grove',
      version: VERSION,
      description:
        'A grove keeps a graph of immutable agent work and shares the best with other groves.',
      license: { name: 'all rights reserved', identifier: 'LicenseRef-UNLICENSED' },
    },
    servers: [{ url: address }],
    security: [],
    tags: Object.entries(groups).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...references.schemas, Error: errorSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: TOKEN_WORDS } },
    },
  }
}

/** Gives JSON Schemas in which the named ones are references. */
class References {
  readonly #registry = z.registry<{ id: string }>()
  readonly schemas: Record<string, JsonSchema> = {}

  constructor() {
    for (const [id, schema] of Object.entries(named)) this.#registry.add(schema, { id })
  }

  of(schema: z.ZodType): JsonSchema {
    const { $defs = {}, ...rest } = jsonSchemaOf(schema, this.#registry) as JsonSchema & {
      $defs?: Record<string, JsonSchema>
    }
    for (const [id, definition] of Object.entries($defs))
      this.schemas[id] ??= withoutDefaults(this.#relocated(definition))
    const id = this.#registry.get(schema)?.id
    if (id === undefined) return this.#relocated(rest)
    this.schemas[id] ??= withoutDefaults(this.#relocated(rest))
    return { $ref: `#/components/schemas/${id}` }
  }

  #relocated(schema: JsonSchema): JsonSchema {
    return JSON.parse(
      JSON.stringify(schema, (key, value) =>
        key === 'id' && value in named ? undefined : value,
      ).replaceAll('"#/$defs/', '"#/components/schemas/'),
    ) as JsonSchema
  }
}

function describe(operation: Operation, references: References): object {
  const { name, group, summary, http } = operation
  return {
    operationId: name,
    tags: [group],
    summary,
    security: securityOf(operation),
    parameters: parameters(operation),
    ...(http.method === 'GET' ? {} : { requestBody: requestBody(operation, references) }),
    responses: {
      [http.status ?? 200]: {
        description: 'Success',
        content: answerContent(operation, references),
      },
      '4XX': errorAnswer('The request is refused, or what it names is not here'),
      default: errorAnswer('The grove has failed, or is closing'),
    },
  }
}

const TOKEN_WORDS =
  'Made by `grove token create`, with a scope: each of read, publish, operate includes those ' +
  "before it. Callers on the grove's own machine need none."

/** A token with this scope, or none: on the grove's own machine, and for what is open to groves. */
function securityOf({ access }: Operation): object[] {
  const { scope } = accessTable[access]
  return scope === undefined ? [] : [{}, { token: [scope] }]
}

function errorAnswer(description: string): object {
  const schema = { $ref: '#/components/schemas/Error' }
  return { description, content: { 'application/json': { schema } } }
}

function parameters(operation: Operation): object[] {
  const schema = jsonSchemaOf(operation.input)
  const required = new Set((schema.required ?? []) as string[])
  const forms = inputForms(operation)
  const { path, query } = forms
  const isGet = operation.http.method === 'GET'
  const inQuery = isGet ? [...query] : []
  const byItem = isGet ? [...listsByItem(forms)] : []
  const member = (name: string) => propertiesOf(schema)[name] ?? {}
  // A member that means something of its own in one operation says so itself.
  const wordsOf = (name: string) => member(name)['description'] ?? parameterWords[name]
  return [
    ...path.map((name) => ({
      name,
      in: 'path',
      required: true,
      description: wordsOf(name),
      schema: member(name),
    })),
    ...inQuery.map(([name, form]) => ({
      name,
      in: 'query',
      required: required.has(name),
      description: wordsOf(name),
      ...(form === 'json'
        ? { content: { 'application/json': { schema: member(name) } } }
        : { schema: member(name), ...(form === 'list' ? { explode: false } : {}) }),
    })),
    ...byItem.map(([name, list]) => ({
      name,
      in: 'query',
      required: false,
      description: `one of the ${list}, which may hold a comma`,
      schema: member(list),
      explode: true,
    })),
  ]
}

function requestBody(operation: Operation, references: References): object {
  if (operation.kind === 'upload')
    return { required: true, content: { 'application/octet-stream': {} } }
  const schema = withoutDefaults(bodySchema(operation, references))
  const json = { 'application/json': { schema } }
  if (operation.kind !== 'json' || operation.multipart !== true) return { content: json }
  const form = {
    type: 'object',
    properties: { manifest: schema },
    patternProperties: {
      '^artifact:': { type: 'string', contentMediaType: 'application/octet-stream' },
    },
  }
  return { required: true, content: { ...json, 'multipart/form-data': { schema: form } } }
}

/**
 * The schema with its defaults in words: generators take a member that has a default for one that
 * is always there, and would ask each caller for it.
 */
function withoutDefaults(schema: JsonSchema): JsonSchema {
  const inWords = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inWords)
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).map(([name, member]) => [name, inWords(member)])
    if (!isDefaulted(value)) return Object.fromEntries(members)
    const { default: _, ...rest } = Object.fromEntries(members)
    return { ...rest, description: `default: ${JSON.stringify(value.default)}` }
  }
  return inWords(schema) as JsonSchema
}

/** Whether this is the schema of a value with a default, rather than members of that name. */
function isDefaulted(value: object): value is { readonly default: unknown } {
  return 'default' in value && 'type' in value && typeof value.type === 'string'
}

/** The input without the members that are in the path. */
function bodySchema(operation: Operation, references: References): JsonSchema {
  const schema = references.of(operation.input)
  const { path } = inputForms(operation)
  if (path.length === 0) return schema
  const properties = Object.fromEntries(
    Object.entries(propertiesOf(schema)).filter(([name]) => !path.includes(name)),
  )
  const required = ((schema.required ?? []) as string[]).filter((name) => !path.includes(name))
  return { ...schema, properties, required }
}

function answerContent(operation: Operation, references: References): object {
  switch (operation.kind) {
    case 'json':
      return {
        'application/json': { schema: references.of(operation.wire?.schema ?? operation.output) },
      }
    case 'upload':
      return { 'application/json': { schema: references.of(operation.output) } }
    case 'events':
      return { 'text/event-stream': { schema: references.of(operation.output) } }
    case 'bytes':
    case 'stream':
      return { [operation.contentType]: {} }
  }
}
