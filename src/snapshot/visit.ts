import type { ReachOptions } from '../ssh/reach-options.ts';
import { Sites } from '../sync/sites.ts';
import { openRepository, type Repository } from './repository.ts';

/** Opens a repository that is there for as long as `use` takes. */
export async function visitRepository<T>(
  text: string,
  options: ReachOptions & { readonly signal?: AbortSignal },
  use: (repository: Repository, sites: Sites) => Promise<T>,
): Promise<T> {
  const signal = options.signal ?? new AbortController().signal;
  await using sites = new Sites(options, signal, () => {});
  await using repository = await openRepository(text, sites);
  return await use(repository, sites);
}
