import { parameterWords } from '../schema/parameter-words.ts'

/** What arguments of tools mean, by name, where their schema doesn't say. */

/** Of tools that read: as the parameters of routes, but lists are lists. */
const asked: Readonly<Record<string, string>> = {
  ...parameterWords,
  after: 'go on after this: what the answer named as `next`',
  context: 'only where the context has these keys with these values',
  direction: 'which side to list',
  query: parameterWords['q'] ?? '',
  tags: 'only with all of these tags',
  types: 'only relations of these types',
}

/** Of tools that publish or write. */
const told: Readonly<Record<string, string>> = {
  context: 'the circumstances, such as the dataset, the seed, the hardware',
  description: 'more about it, of any length',
  metadata: 'what to keep with the relation',
  mode: 'evaluation: its scores rank it; exploration: they do not',
  overwrite: 'replace files that are there',
  relations: 'what it builds on (derives_from), and what else it says of others',
  result: 'what came of it; challenged and failed do not count as reproductions',
  summary: 'what it is, in one line',
  tags: 'words to find it by',
}

interface Schema {
  readonly properties?: Readonly<Record<string, object>>
}

/** The schema of a tool's input, in which every argument is described. Pure. */
export function described<S extends Schema>(schema: S, readOnly: boolean): S {
  const words = readOnly ? asked : told
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    'description' in property || !Object.hasOwn(words, name)
      ? property
      : { ...property, description: words[name] },
  ])
  return { ...schema, properties: Object.fromEntries(properties) }
}
