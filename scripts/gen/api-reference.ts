import { z } from 'zod'
import { accessTable } from '../../src/api/admission/access.ts'
import { groups, type Operation } from '../../src/api/operations/operation.ts'
import { allOperations } from '../../src/api/operations/table.ts'
import { type JsonSchema, jsonSchemaOf, propertiesOf } from '../../src/api/schema/json-schema.ts'
import { inputForms } from '../../src/api/schema/query.ts'
import { errorTable } from '../../src/core/errors.ts'
import { published } from './schemas.ts'

const MULTIPART =
  'The body may also be `multipart/form-data`: the input as part `manifest`,' +
  ' files of any size as parts `artifact:<name>`.'

/** The text of docs/API.md: every operation of the table, and the error codes. */
export function apiReference(): string {
  const byGroup = Map.groupBy(allOperations, (operation) => operation.group)
  return `${[
    '# HTTP API',
    '',
    '<!-- Written by scripts/gen-docs.ts from src/api/operations: change that. -->',
    '',
    'A running grove describes the same in OpenAPI 3.1 at `/api/openapi.json`, and shows it at',
    '`/api/docs`; `/metrics` has its figures for Prometheus. Bodies are JSON unless it says otherwise.',
    'The form of every value is in',
    '[spec/schemas](../spec/schemas). Lists in a query are separated by commas, objects are JSON.',
    'Tags may also be given one by one, as `tag=…&tag=…`: so one may hold a comma.',
    '',
    'Callers on other machines need a token that allows what they do, where nothing else is said:',
    '`authorization: Bearer <token>` ([OPERATIONS](OPERATIONS.md#tokens)). `read` is included in',
    '`publish`, and that in `operate`. What groves ask of each other is open to the groves that',
    '[admission](OPERATIONS.md#modes) lets in.',
    '',
    ...[...byGroup].flatMap(([group, operations]) => [
      `## ${title(group)}`,
      '',
      groups[group],
      '',
      ...operations.flatMap(section),
    ]),
    '## Errors',
    '',
    'The body of an error is `{"error": {"code", "message", "details"}}`. A code for which 0.1',
    'has another name is sent under that name, with the code itself as `details.reason`. The exit',
    'code is that of the command line.',
    '',
    '| code | status | exit code | worth another try | on the wire |',
    '|---|---|---|---|---|',
    ...errorRows(),
  ]
    .join('\n')
    .trim()}\n`
}

function section(operation: Operation): string[] {
  const { http, summary, name } = operation
  const rows = parameterRows(operation)
  return [
    `### \`${http.method} ${http.path}\``,
    '',
    `${summary}.`,
    '',
    ...(rows.length === 0 ? [] : ['| input | in | type |', '|---|---|---|', ...rows, '']),
    ...(operation.kind === 'json' && operation.multipart === true ? [MULTIPART, ''] : []),
    `Answers ${http.status ?? 200}: ${answerOf(operation)}.` +
      ` In code: \`${name}\`${toolOf(operation)}. ${callersOf(operation)}.`,
    '',
  ]
}

/** Who may call it from another machine. */
function callersOf({ access }: Operation): string {
  const { scope, forGroves } = accessTable[access]
  if (scope === undefined) return 'Open to all'
  return `Token: \`${scope}\`${forGroves ? ', or an admitted grove' : ''}`
}

function parameterRows(operation: Operation): string[] {
  const schema = jsonSchemaOf(operation.input)
  const required = new Set((schema.required ?? []) as string[])
  const { path } = inputForms(operation)
  const rest = operation.http.method === 'GET' ? 'query' : 'body'
  return Object.entries(propertiesOf(schema)).map(([name, member]) => {
    const place = path.includes(name) ? 'path' : rest
    const type = typeText(member).replaceAll('|', '\\|')
    return `| \`${name}\` | ${place} | ${type}${required.has(name) ? '' : fallbackText(member)} |`
  })
}

/** What holds where a member is left out. */
const fallbackText = ({ default: fallback }: JsonSchema): string =>
  fallback === undefined ? ', optional' : `, default ${JSON.stringify(fallback)}`

/** A schema's type in a few words. */
function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (alternatives !== undefined) return alternatives.map(typeText).join(' or ')
  if (schema.type === 'array') return `list of ${typeText((schema.items ?? {}) as JsonSchema)}`
  if (schema.pattern === '^blake3:[0-9a-f]{64}$') return 'content id'
  if (schema.format === 'date-time') return 'date and time'
  return typeof schema.type === 'string' ? schema.type + boundsText(schema) : 'anything'
}

function boundsText({ type, minimum, maximum }: JsonSchema): string {
  const shown = (bound: unknown): bound is number =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  if (type === 'string') return ''
  if (shown(minimum) && shown(maximum)) return `, ${minimum} to ${maximum}`
  return shown(minimum) ? `, at least ${minimum}` : ''
}

function answerOf(operation: Operation): string {
  switch (operation.kind) {
    case 'json':
      return shapeText(operation.wire?.schema ?? operation.output)
    case 'upload':
      return shapeText(operation.output)
    case 'events':
      return 'server-sent events'
    case 'bytes':
      return `bytes, \`${operation.contentType}\`; ranges and conditions are honoured`
    case 'stream':
      return `a stream, \`${operation.contentType}\``
  }
}

/** The shape of an answer: a published schema by its name, or else the members of the object. */
function shapeText(schema: z.ZodType): string {
  const name = Object.keys(published).find((each) => published[each] === schema)
  if (name !== undefined) return `[${name}](../spec/schemas/${name}.json)`
  if (schema instanceof z.ZodArray) return `a list of ${shapeText(schema.element as z.ZodType)}`
  const names = Object.keys(propertiesOf(jsonSchemaOf(schema)))
  return names.length === 0
    ? typeText(jsonSchemaOf(schema))
    : `an object of ${names.map((each) => `\`${each}\``).join(', ')}`
}

function toolOf(operation: Operation): string {
  return operation.kind === 'json' && operation.mcp !== undefined
    ? `; as an MCP tool: \`${operation.mcp.tool}\``
    : ''
}

function errorRows(): string[] {
  return Object.entries(errorTable).map(([code, kind]) => {
    const wire = 'wire' in kind ? `\`${kind.wire}\`` : ''
    const retry = kind.retryable ? 'yes' : ''
    return `| \`${code}\` | ${kind.status} | ${kind.exit} | ${retry} | ${wire} |`
  })
}

function title(group: string): string {
  return group.charAt(0).toUpperCase() + group.slice(1)
}
