import type { SourceFile, Violation } from './project-files.ts'
import { violations } from './project-files.ts'

const inferredPattern = /^export type (\w+) = z\.(?:infer|input|output)<typeof (\w+)Schema>$/

/** Types that have another name than the schema that they are inferred from. */
export function misnamedTypes(file: SourceFile): Violation[] {
  return violations(file, file.code, (line) => {
    const [, type = '', schema = ''] = inferredPattern.exec(line) ?? []
    const expected = schema.charAt(0).toUpperCase() + schema.slice(1)
    return type === expected ? undefined : `the type of ${schema}Schema is ${expected}`
  })
}

/** Files of src/core/wire that have schemas and whose types the library (src/index.ts) keeps to itself. */
export function unexportedWire(files: readonly SourceFile[], index: SourceFile): Violation[] {
  return files
    .filter(({ path }) => path.startsWith('src/core/wire/'))
    .filter(({ code }) => code.some((line) => /^export const \w+Schema\b/.test(line)))
    .map(({ path }) => `export type * from '${path.replace('src/', './')}'`)
    .filter((line) => !index.code.includes(line))
    .map((line) => `${index.path} lacks: ${line}`)
}
