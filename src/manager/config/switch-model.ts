import { failure } from '../../system/errors.ts';
import { configLockPath, waitForLock } from '../catalogue/locks.ts';
import { writeActiveModel } from './active-model.ts';
import type { Configuration } from './configuration.ts';
import type { OptionTable } from './option.ts';
import { SERVER_OPTIONS } from './options.ts';
import { showValue } from './show.ts';

export interface ChangedOption {
  readonly key: string;
  /** As `show-servers` shows them. */
  readonly from: string;
  readonly to: string;
}

/**
 * Lets a server run with a model of its cluster, or null: without one. The options that are other ones now; undefined
 * where it ran so before. `reload` reads the configuration anew. @throws USAGE for a model that is none of its cluster's
 */
export async function switchModel(
  { servers, models, global }: Configuration,
  name: string,
  model: string | null,
  reload: () => Configuration,
): Promise<readonly ChangedOption[] | undefined> {
  const server = servers.get(name);
  if (server === undefined || server.activeModel === model) return undefined;
  if (model !== null) {
    const cluster = models.get(model)?.cluster;
    if (cluster === undefined) throw failure('USAGE', { detail: `Unknown model '${model}'` });
    if (cluster !== server.options.cluster) {
      const detail = `Model '${model}' has 'cluster=${cluster}', which is not compatible with 'cluster=${server.options.cluster}' from server '${name}'`;
      throw failure('USAGE', { detail });
    }
  }
  using _lock = await waitForLock(configLockPath(global.barman_lock_directory));
  await writeActiveModel(server.options.backup_directory, model);
  const table: OptionTable = SERVER_OPTIONS;
  const before: Readonly<Record<string, unknown>> = server.options;
  const after: Readonly<Record<string, unknown>> = reload().servers.get(name)?.options ?? {};
  return Object.entries(table)
    .map(([key, option]) => ({
      key,
      from: showValue(option, before[key]),
      to: showValue(option, after[key]),
    }))
    .filter(({ from, to }) => from !== to);
}
