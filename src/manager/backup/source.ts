import { exclusionOf } from '../../postgres/exclusions.ts';
import type { ServerIdentity } from '../../postgres/server/identity.ts';
import type { Tablespace } from '../../postgres/server/tablespaces.ts';
import { shareBandwidth } from '../../sync/bandwidth.ts';
import { commonDirectory, relativeTo } from '../../sync/bases.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { arrangedEndpoint, type Part } from '../../sync/endpoints/arranged.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { RelPath } from '../../sync/entry.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import { below, isWithin } from '../../sync/resolve.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { clusterView, placeInCluster } from './cluster-view.ts';
import { type ReadControlFile, readControlFile } from './control-file.ts';
import { DATA } from './own-files.ts';
import type { ServerFacts } from './server-facts.ts';

/** The files of a running cluster as they shall lie in its backup. */
export interface ClusterSource extends AsyncDisposable {
  /** Shows what belongs into the backup. */
  readonly endpoint: Endpoint;
  readonly spec: EndpointSpec | undefined;
  /** Links to files that were met while directories were listed, as paths of the backup. */
  readonly links: readonly RelPath[];
  /** pg_control as it is now. */
  control(): Promise<ReadControlFile>;
  /** The file an absolute path leads to on the server's host; undefined where there is none. */
  file(path: ByteString): Promise<{ readonly holder: Endpoint; readonly name: ByteString } | undefined>;
}

export interface SourceOptions {
  /** KB a second, by the name of the tablespace. */
  readonly limits: ReadonlyMap<string, number>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

const CONTROL = joinPath(DATA, byteString('global/pg_control'));

/** DATA_DIRECTORY, WRONG_CLUSTER where the host has another cluster there than the database says. */
export async function openSource(
  site: Site,
  facts: ServerFacts,
  options: SourceOptions,
): Promise<ClusterSource> {
  const { identity, tablespaces } = facts;
  const data = await findData(site, identity);
  const located = await locate(site, tablespaces);
  const parts: { at: RelPath; path: ByteString; bandwidth?: Part['bandwidth'] }[] = [
    { at: DATA, path: data },
    ...(await linkedDirectories(site, data, options)),
    ...located.map(({ oid, name, path }) => {
      const limit = options.limits.get(toText(name));
      const at = byteString(String(oid));
      return limit === undefined ? { at, path } : { at, path, bandwidth: shareBandwidth(limit * 1024) };
    }),
  ];
  const root = commonDirectory(parts.map(({ path }) => path));
  const arrangement = parts.map((part) => ({ ...part, path: relativeTo(root, part.path) }));
  const links: RelPath[] = [];
  const beneath = await site.open(root);
  const endpoint: Endpoint = arrangedEndpoint(
    beneath,
    arrangement,
    options.signal,
    clusterView({
      major: identity.version.major,
      catalogVersion: identity.catalogVersion,
      exclusions: exclusionsOf(facts, data),
      inside: new Set(
        located
          .filter(({ path }) => isWithin(path, data))
          .map(({ path }) => relativeTo(data, path) as string),
      ),
      follow: (path) => endpoint.follow(path),
      onLink: (path) => {
        links.push(path);
        options.warn(`${toText(path)} is a symbolic link: the backup holds the file it leads to`);
      },
      onDangling: (path) =>
        options.warn(`${toText(path)} is a symbolic link that leads nowhere and is not in the backup`),
    }),
  );
  const below = site.spec(root);
  const source: ClusterSource = {
    endpoint,
    spec: below === undefined ? undefined : { kind: 'arranged', beneath: below, parts: arrangement },
    links,
    control: () => readControlFile(endpoint, CONTROL),
    async file(path) {
      const real = await site.real(path);
      if (real === undefined) return undefined;
      const slash = real.lastIndexOf('/');
      return {
        holder: await site.open(byteString(real.slice(0, Math.max(slash, 1)))),
        name: byteString(real.slice(slash + 1)),
      };
    },
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
  await refuseOtherCluster(source, identity);
  return source;
}

const NOT_THERE =
  'it does not exist on the host that ssh_command reaches; where its sshd has a ChrootDirectory, name that as sftp_root in cellarman.d/*.conf';

async function findData(site: Site, { dataDirectory }: ServerIdentity): Promise<ByteString> {
  const path = `${site.name === '' ? '' : `${site.name}:`}${toText(dataDirectory)}`;
  const remedy = 'the user of ssh_command has to be the owner of the files, or be allowed to read them all';
  try {
    const data = await site.real(dataDirectory);
    if (data === undefined) {
      throw failure('DATA_DIRECTORY', {
        path,
        detail: NOT_THERE,
      });
    }
    const endpoint = await site.open(data);
    const names = new Set<string>((await endpoint.list(ROOT)).map(({ name }) => name));
    await endpoint.close();
    for (const name of ['PG_VERSION', 'global', 'base', 'pg_xact', 'pg_tblspc']) {
      if (!names.has(name)) throw failure('DATA_DIRECTORY', { path, detail: `it has no ${name}` });
    }
    return data;
  } catch (error) {
    if (!isFailure(error, 'PERMISSION_DENIED')) throw error;
    throw failure('DATA_DIRECTORY', { path, detail: `${error.message}; ${remedy}` }, error);
  }
}

async function locate(site: Site, tablespaces: readonly Tablespace[]) {
  const located: (Tablespace & { readonly path: ByteString })[] = [];
  for (const tablespace of tablespaces) {
    const path = await site.real(tablespace.location);
    if (path === undefined) {
      throw failure('DATA_DIRECTORY', {
        path: `of the tablespace ${toText(tablespace.name)}, ${toText(tablespace.location)},`,
        detail: NOT_THERE,
      });
    }
    located.push({ ...tablespace, path });
  }
  return located;
}

/** Links to directories right below the data directory and `base`: what they lead to belongs to the cluster. */
async function linkedDirectories(site: Site, data: ByteString, { warn }: SourceOptions) {
  const base = byteString('base');
  const top = await linksIn(site, data, DATA);
  const linkedBase = top.find(({ at }) => at === joinPath(DATA, base))?.path;
  const found = [
    ...top,
    ...(await linksIn(site, linkedBase ?? below(data, base), joinPath(DATA, base))),
  ].filter(({ at }) => exclusionOf(ROOT, placeInCluster(at), new Set()) === undefined);
  for (const { at } of found)
    warn(`${toText(at)} is a symbolic link: the backup holds the directory it leads to`);
  return found;
}

async function linksIn(site: Site, directory: ByteString, at: RelPath) {
  const endpoint = await site.open(directory);
  const found: { readonly at: RelPath; readonly path: ByteString }[] = [];
  try {
    for (const { name, type } of await endpoint.list(ROOT)) {
      if (type !== 'symlink' || (await endpoint.follow(name))?.type !== 'directory') continue;
      const path = await site.real(below(directory, name));
      if (path !== undefined) found.push({ at: joinPath(at, name), path });
    }
  } finally {
    await endpoint.close();
  }
  return found;
}

function exclusionsOf({ statsTempDirectory, identity }: ServerFacts, data: ByteString) {
  if (statsTempDirectory === undefined || statsTempDirectory === '') return {};
  const path = fromText(statsTempDirectory);
  if (!path.startsWith('/')) return { statsTempDirectory: path };
  const around = [data, identity.dataDirectory].find((directory) => isWithin(path, directory));
  return around === undefined ? {} : { statsTempDirectory: relativeTo(around, path) };
}

async function refuseOtherCluster(source: ClusterSource, identity: ServerIdentity): Promise<void> {
  const { content } = await source.control();
  if (content.systemIdentifier === identity.systemIdentifier) return;
  await source[Symbol.asyncDispose]();
  throw failure('WRONG_CLUSTER', {
    server: source.endpoint.name,
    found: `has the system identifier ${content.systemIdentifier}`,
    expected: `the one that conninfo reaches has ${identity.systemIdentifier}`,
  });
}
