import { isCopied } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { obsoleteWal, walNeeds } from '../removal/obsolete-wal.ts';
import { removeWal } from '../removal/remove-wal.ts';

/**
 * With the first backup of a server the WAL before it serves nobody any more: removes it, unless the archive is not to
 * be touched (`worm_mode`). Yields the names. What `removeWal` throws.
 */
export async function* purgeWal(
  { options }: Pick<ServerConfig, 'options'>,
  catalogue: Catalogue,
  hooks: Hooks,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const { backups, damaged } = await catalogue.read();
  if (options.worm_mode || damaged.length > 0 || backups.filter(isCopied).length !== 1) return;
  const index = await catalogue.walIndex(backups);
  const entries: WalEntry[] = [];
  for await (const entry of index.entries(() => undefined)) entries.push(entry);
  const needs = walNeeds(backups, new Map());
  const names = new Set(
    obsoleteWal(
      entries.map(({ name }) => name),
      needs,
      null,
    ),
  );
  const obsolete = entries.filter(({ name }) => names.has(name));
  yield* removeWal(obsolete, catalogue.layout.wals, index, hooks, signal);
}
