import type { CellarmanError } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import { arrangedEndpoint } from './arranged.ts';
import { localEndpoint } from './local.ts';
import type { EndpointSpec } from './spec.ts';

/** Opens a tree in this thread; a remote one over a connection of its own. */
export async function openEndpoint(
  spec: EndpointSpec,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Promise<Endpoint> {
  if (spec.kind === 'local') return localEndpoint(spec.root);
  if (spec.kind === 'arranged') {
    const beneath = await openEndpoint(spec.beneath, signal, onLost);
    return arrangedEndpoint(beneath, spec.parts, signal);
  }
  const { newLine, openRemote } = await import('./remote.ts');
  const line = newLine(spec.target, signal, onLost);
  return openRemote(line, spec.root, signal, () => line.close());
}
