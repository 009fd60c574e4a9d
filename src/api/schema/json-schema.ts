import { z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (2020-12) of a value as it is sent. Schemas named in the registry become `$defs`.
 * A custom check becomes `object`: Grove's only one is "is a JSON object".
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
      if (zodSchema._zod.def.type !== 'custom') return
      jsonSchema.type = 'object'
      jsonSchema.additionalProperties = true
    },
  })
  return rest
}

/** The schemas of an object's members, by name; empty for other types. */
export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>
}
