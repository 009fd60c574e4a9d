import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOperations } from '../../../src/api/operations/table.ts'
import { jsonSchemaOf, propertiesOf } from '../../../src/api/schema/json-schema.ts'
import { openApi } from '../../../src/api/schema/openapi.ts'

interface Described {
  readonly openapi: string
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>
    >
  >
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
