import { never } from '../engine/process.ts'
import type { HttpAnswer } from '../network/http.ts'
import { Adversary } from './adversary.ts'

/** Takes every request and never answers. */
export class Mute extends Adversary {
  override handle(): Promise<HttpAnswer> {
    return never()
  }
}
