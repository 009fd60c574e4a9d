import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOperations } from '../../../src/api/operations/table.ts'
import { jsonSchemaOf, propertiesOf } from '../../../src/api/schema/json-schema.ts'
import { openApi } from '../../../src/api/schema/openapi.ts'
import { parameterWords } from '../../../src/api/schema/parameter-words.ts'

interface Method {
  readonly operationId: string
  readonly parameters: { name: string; in: string; description?: string }[]
  readonly requestBody?: object
}

interface Described {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Method>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}
const description = openApi(allOperations) as Described

test('exactly the operations of the table are described, each under its name', () => {
  const described = Object.values(description.paths).flatMap((methods) =>
    Object.values(methods).map((method) => method.operationId),
  )

  assert.deepEqual(
    described.toSorted(),
    allOperations.map((operation) => operation.name).toSorted(),
  )
  assert.match(description.openapi, /^3\.1\./)
})

test('every variable of a path is a parameter', () => {
  for (const [path, methods] of Object.entries(description.paths)) {
    const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const { parameters } of Object.values(methods)) {
      assert.deepEqual(
        parameters
          .filter((parameter) => parameter.in === 'path')
          .map((parameter) => parameter.name),
        parts,
        path,
      )
    }
  }
})

test('every parameter is described, and no description is of a parameter that is not there', () => {
  const parameters = Object.values(description.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ parameters }) => parameters),
  )

  for (const parameter of parameters) assert.ok(parameter.description, parameter.name)
  const names = new Set(parameters.map(({ name }) => name))
  assert.deepEqual(
    Object.keys(parameterWords).filter((name) => !names.has(name)),
    [],
  )
})

test('no body has a member with a default, since generators take that for one to be given', () => {
  const { components, paths } = description
  const bodies = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ requestBody }) => requestBody),
  )

  assert.doesNotMatch(JSON.stringify([components, bodies]), /"default":/)
  const draft = JSON.stringify(components.schemas['Draft'])
  assert.match(draft, /"description":"default: \{\}"/)
  assert.match(draft, /"context":\{"type":"object","additionalProperties":true\}/)
})

test('the description says where the grove is, and that it asks for no credentials', () => {
  const { servers, security } = openApi(allOperations, 'https://grove.example/under') as {
    servers: { url: string }[]
    security: unknown[]
  }

  assert.deepEqual(servers, [{ url: 'https://grove.example/under' }])
  assert.deepEqual(security, [])
})

test('every limit says how much is answered where a caller leaves it out', () => {
  const limits = allOperations.flatMap(({ name, input }) => {
    const { limit } = propertiesOf(jsonSchemaOf(input))
    return limit === undefined ? [] : [[name, typeof limit['default']]]
  })

  assert.ok(limits.length > 5)
  for (const [name, type] of limits) assert.equal(type, 'number', name)
})

test('every reference leads to an existing schema', () => {
  const references = [...JSON.stringify(description).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, target = '']) => target,
  )

  assert.ok(references.length > 10)
  for (const target of references) {
    const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(target) ?? []
    assert.ok(name in description.components.schemas, target)
  }
})

test('no two operations share a name, or a method and path', () => {
  const routes = allOperations.map(({ http }) => `${http.method} ${http.path}`)

  assert.equal(new Set(routes).size, routes.length)
  assert.equal(new Set(allOperations.map((operation) => operation.name)).size, routes.length)
})
