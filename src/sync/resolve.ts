import { type ByteString, byteString } from '../system/byte-string.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Site } from './endpoints/site.ts';
import type { RelPath } from './entry.ts';
import { joinPath, nameOf, parentOf } from './path.ts';
import { isOfPath } from './run-failure.ts';

/** A source as it lies on its site. */
export interface ResolvedSource {
  readonly site: Site;
  /** Absolute and without symbolic links: the directory whose content is copied, or the one that holds `only`. */
  readonly root: ByteString;
  readonly only: ByteString | undefined;
  /** As it was given. */
  readonly text: string;
}

/**
 * rsync's rule: a source that ends in a slash (or `/.`, or is `.` or `..`) stands for the content of that directory, any
 * other for the entry of that name. SOURCE_MISSING, SOURCE_UNREADABLE.
 */
export async function resolveSource(text: string, path: ByteString, site: Site): Promise<ResolvedSource> {
  const trimmed = byteString(path.replace(/(\/+\.?)+$/, ''));
  const name = nameOf(trimmed);
  const content = path !== trimmed || trimmed === '' || name === '.' || name === '..';
  const wanted = content
    ? trimmed === ''
      ? path.startsWith('/')
        ? '/'
        : '.'
      : trimmed
    : directoryOf(trimmed);
  const root = await site.real(byteString(wanted)).catch((error: unknown) => {
    if (!isOfPath(error)) throw error;
    throw failure('SOURCE_UNREADABLE', { path: text, detail: error.message }, error);
  });
  if (root === undefined) throw failure('SOURCE_MISSING', { path: text });
  return { site, root, only: content ? undefined : name, text };
}

export interface ResolvedDestination {
  readonly site: Site;
  /** Absolute; its parent is without symbolic links. */
  readonly path: ByteString;
  /** It exists and is a directory. */
  readonly exists: boolean;
  /** The last component of a file that the one source becomes; `path` is then the directory that holds it. */
  readonly fileName: ByteString | undefined;
}

export interface DestinationWishes {
  /** The one source is not a directory: it may be given another name. */
  readonly singleFile: boolean;
  readonly makePath: boolean;
  readonly dryRun: boolean;
}

/**
 * Finds the destination, and makes its directory where it is missing: the last component only, unless `makePath`.
 * DESTINATION_NOT_A_DIRECTORY, DESTINATION_PARENT_MISSING, DESTINATION_DANGLING.
 */
export async function resolveDestination(
  text: string,
  path: ByteString,
  site: Site,
  wishes: DestinationWishes,
): Promise<ResolvedDestination> {
  const slash = /\/\.?$/.test(path);
  const real = await site.real(path);
  if (real !== undefined) {
    const holder = await site.open(byteString(directoryOf(real)));
    const entry = real === '/' ? undefined : await holder.lookup(nameOf(real)).finally(() => holder.close());
    if (entry === undefined || entry.type === 'directory') {
      return { site, path: real, exists: true, fileName: undefined };
    }
    if (!wishes.singleFile || slash) throw failure('DESTINATION_NOT_A_DIRECTORY', { path: text });
    return { site, path: byteString(directoryOf(real)), exists: true, fileName: nameOf(real) };
  }
  const absolute = byteString((await site.absolute(path)).replace(/(\/+\.?)+$/, ''));
  const asFile = wishes.singleFile && !slash;
  const holder = byteString(asFile ? directoryOf(absolute) : absolute);
  const made = await makeDirectory(text, holder, site, wishes, asFile);
  return { site, ...made, fileName: asFile ? nameOf(absolute) : undefined };
}

/** Makes `path` if it is missing; of a file's directory every part counts as missing parent. */
async function makeDirectory(
  text: string,
  path: ByteString,
  site: Site,
  { makePath, dryRun }: DestinationWishes,
  mustExist: boolean,
): Promise<Pick<ResolvedDestination, 'path' | 'exists'>> {
  const missing: ByteString[] = [];
  let existing = await site.real(path);
  for (let at = path; existing === undefined; existing = await site.real(at)) {
    missing.unshift(nameOf(at));
    at = byteString(directoryOf(at));
  }
  const target = missing.reduce((parent, name) => below(parent, name), existing);
  if (missing.length > (mustExist ? 0 : 1) && !makePath) {
    throw failure('DESTINATION_PARENT_MISSING', { path: text });
  }
  if (dryRun) return { path: target, exists: missing.length === 0 };
  const endpoint = await site.open(existing);
  try {
    let at: RelPath = byteString('');
    for (const name of missing) {
      at = joinPath(at, name);
      try {
        await endpoint.makeDirectory(at, 0o777 & ~process.umask());
      } catch (error) {
        if (!isFailure(error, 'EXISTS')) throw error;
        // Another run has just made it, or it is a link: one that leads somewhere would have been found before.
        if ((await endpoint.lookup(at))?.type !== 'directory')
          throw failure('DESTINATION_DANGLING', { path: text }, error);
      }
    }
  } finally {
    await endpoint.close();
  }
  return { path: target, exists: true };
}

/** Absolute path of `name` in `directory`. */
export function below(directory: ByteString, name: ByteString): ByteString {
  return byteString(directory === '/' ? `/${name}` : `${directory}/${name}`);
}

/** The directory that holds a path: `.` for a bare name, `/` at the top. */
function directoryOf(path: ByteString): string {
  const parent = parentOf(path);
  return parent === '' ? (path.startsWith('/') ? '/' : '.') : parent;
}

/** Whether `inner` is `outer` or lies in it; both absolute. */
export function isWithin(inner: ByteString, outer: ByteString): boolean {
  return inner === outer || outer === '/' || inner.startsWith(`${outer}/`);
}
