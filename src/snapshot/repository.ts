import type { Endpoint } from '../sync/endpoint.ts';
import type { Site } from '../sync/endpoints/site.ts';
import type { EndpointSpec } from '../sync/endpoints/spec.ts';
import { type ResolvedDestination, resolveDestination } from '../sync/resolve.ts';
import type { Sites } from '../sync/sites.ts';
import type { ByteString } from '../system/byte-string.ts';
import { failure } from '../system/errors.ts';

/** A directory that holds snapshots, opened. */
export interface Repository extends AsyncDisposable {
  readonly site: Site;
  /** Rooted at the repository. */
  readonly endpoint: Endpoint;
  /** How another thread opens it. */
  readonly spec: EndpointSpec | undefined;
  /** Absolute, where it is on this machine. */
  readonly local: ByteString | undefined;
  /** Absolute on its site. */
  readonly path: ByteString;
  /** Owners can be given away there. */
  readonly privileged: boolean;
}

/** Where a repository is, or will be. Makes nothing. */
export function findRepository(text: string, sites: Sites): Promise<ResolvedDestination> {
  return resolve(text, sites, true);
}

/** Opens a repository that may be new: its directory is made, but not the one it shall be in. */
export async function openNewRepository(text: string, sites: Sites, dryRun: boolean): Promise<Repository> {
  const { site, path } = await resolve(text, sites, dryRun);
  return opened(site, path);
}

async function resolve(text: string, sites: Sites, dryRun: boolean): Promise<ResolvedDestination> {
  const { site, path } = await sites.at(text);
  return resolveDestination(text, path, site, { singleFile: false, makePath: false, dryRun });
}

/** Opens one that must be there. REPOSITORY_MISSING. */
export async function openRepository(text: string, sites: Sites): Promise<Repository> {
  const { site, path } = await sites.at(text);
  const real = await site.real(path);
  if (real === undefined) throw failure('REPOSITORY_MISSING', { path: text });
  return opened(site, real);
}

async function opened(site: Site, path: ByteString): Promise<Repository> {
  const endpoint = await site.open(path);
  return {
    site,
    endpoint,
    spec: site.spec(path),
    local: site.name === '' ? path : undefined,
    path,
    privileged: site.privileged,
    async [Symbol.asyncDispose]() {
      await endpoint.close();
    },
  };
}
