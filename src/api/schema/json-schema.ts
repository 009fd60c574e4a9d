import { z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (2020-12) of a value as it is sent; schemas that the registry names become `$defs`.
 * The only custom checks in Grove's schemas are "is a JSON object".
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  metadata?: z.core.$ZodRegistry<{ id: string }>,
): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    ...(metadata === undefined ? {} : { metadata }),
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'object'
    },
  })
  return rest
}

/** The schemas of an object's members, by name; none for what is no object. */
export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>
}
