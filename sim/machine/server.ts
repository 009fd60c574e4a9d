import type { ApiAnswerer } from '../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../src/api/answer/request.ts'
import type { HttpAnswer, HttpRequest } from '../network/http.ts'

/** Answers a request of the simulated network by the production server's code. */
export async function serve(
  answerer: ApiAnswerer,
  { method, path, headers, body, stream, signal, remote }: HttpRequest,
): Promise<HttpAnswer> {
  const request = memoryRequest({ method, target: path, headers, body, remote })
  const { response } = await answerer.answer({
    ...{ ...request, host: remote },
    ...(signal && { signal }),
    ...(stream && { bodyStream: () => stream }),
  })
  const { status, headers: answered, body: content = '' } = response
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return { status, headers: answered, body: bytes }
}
