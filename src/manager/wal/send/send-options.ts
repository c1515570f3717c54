import type { ReachOptions } from '../../../ssh/reach-options.ts';

export interface SendOptions extends ReachOptions {
  readonly signal?: AbortSignal;
}
