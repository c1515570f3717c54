import type { CellarmanError } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import { localEndpoint } from './local.ts';
import type { EndpointSpec } from './spec.ts';

/** Opens a tree in this thread; a remote one over a connection of its own. */
export async function openEndpoint(
  spec: EndpointSpec,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Promise<Endpoint> {
  if (spec.kind === 'local') return localEndpoint(spec.root);
  const { openRemote, ownLine } = await import('./remote.ts');
  return openRemote(ownLine(spec.target, signal, onLost), spec.root, signal);
}
