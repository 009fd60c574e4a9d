import type { ApiAnswerer } from '../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../src/api/answer/request.ts'
import type { HttpAnswer, HttpRequest } from '../network/http.ts'

/** Has the production server answer a request of the simulated network. */
export async function serve(
  answerer: ApiAnswerer,
  { method, path, headers, body }: HttpRequest,
): Promise<HttpAnswer> {
  const { response } = await answerer.answer(memoryRequest({ method, target: path, headers, body }))
  const { status, headers: said, body: given = '' } = response
  return { status, headers: said, body: typeof given === 'string' ? Buffer.from(given) : given }
}
