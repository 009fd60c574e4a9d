import type { HttpAnswer } from '../http.ts'
import { never } from '../process.ts'
import { Adversary } from './adversary.ts'

/** Takes every request and never answers. */
export class Mute extends Adversary {
  override handle(): Promise<HttpAnswer> {
    return never()
  }
}
