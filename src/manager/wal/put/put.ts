import { createHash } from 'node:crypto';
import { link, mkdir, open, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fromErrno } from '../../../system/errno.ts';
import { failure } from '../../../system/errors.ts';
import { syncPath } from '../../../system/sync-path.ts';
import type { Layout } from '../../catalogue/layout.ts';
import { moveToErrors } from '../archive/errors-directory.ts';
import type { Compression } from '../compression/compression.ts';
import { holdSame } from '../compression/content.ts';
import { readTar, type TarMember } from './tar.ts';

/** Lists of checksums among the members, by name: `<hex> *NAME` lines. */
const SUMS: Readonly<Record<string, 'md5' | 'sha256'>> = { MD5SUMS: 'md5', SHA256SUMS: 'sha256' };
const SUMS_LIMIT = 1024 * 1024;

interface Received {
  readonly name: string;
  readonly temporary: string;
  readonly digests: Readonly<Record<'md5' | 'sha256', string>>;
}

export interface PutResult {
  readonly name: string;
  /** `duplicate`: another file of that name waits in `incoming/`; this one went to `errors/`. */
  readonly outcome: 'received' | 'same' | 'duplicate';
}

/**
 * Takes WAL files in barman-cli's protocol, a tar of files and their checksums, into `incoming/`: all of them, durable
 * when the promise resolves, or none.
 * @throws TAR for what is no tar or has not a checksum for each file; the codes of single paths
 */
export async function putWal(
  stream: AsyncIterable<Uint8Array>,
  { incoming, errors }: Pick<Layout, 'incoming' | 'errors'>,
  compression: Compression,
): Promise<PutResult[]> {
  const received: Received[] = [];
  const sums: Sum[] = [];
  try {
    await mkdir(incoming, { recursive: true });
    for await (const member of readTar(stream)) {
      const name = member.name.replace(/^\.\//, '');
      const algorithm = SUMS[name];
      if (algorithm !== undefined) sums.push(...(await readSums(member, algorithm)));
      else received.push(await receive(member, name, incoming));
    }
    checkSums(received, sums);
    const results: PutResult[] = [];
    for (const file of received)
      results.push({ name: file.name, outcome: await place(file, incoming, errors, compression) });
    await syncPath(incoming);
    return results;
  } catch (error) {
    throw fromErrno(error, incoming);
  } finally {
    for (const { temporary } of received) await rm(temporary, { force: true });
  }
}

async function receive(member: TarMember, name: string, incoming: string): Promise<Received> {
  if (!member.isFile || name.includes('/') || name.includes('\0') || name.startsWith('.') || name === '')
    throw failure('TAR', { detail: `${JSON.stringify(name)} is not a plain file with a plain name` });
  const temporary = join(incoming, `.${process.pid}-${name}`);
  const hashes = { md5: createHash('md5'), sha256: createHash('sha256') };
  await rm(temporary, { force: true });
  try {
    const file = await open(temporary, 'wx');
    try {
      for await (const part of member.content) {
        hashes.md5.update(part);
        hashes.sha256.update(part);
        await file.writeFile(part);
      }
      await file.utimes(member.modifiedAt, member.modifiedAt);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { name, temporary, digests: { md5: hashes.md5.digest('hex'), sha256: hashes.sha256.digest('hex') } };
}

interface Sum {
  readonly name: string;
  readonly algorithm: 'md5' | 'sha256';
  readonly digest: string;
}

async function readSums(member: TarMember, algorithm: 'md5' | 'sha256'): Promise<Sum[]> {
  if (member.size > SUMS_LIMIT) throw failure('TAR', { detail: `${member.name} is too long` });
  const parts: Uint8Array[] = [];
  for await (const part of member.content) parts.push(part);
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, digest, name] = /^([0-9a-fA-F]+) [ *](?:\.\/)?(.+?)\r?$/.exec(line) ?? [];
      if (digest === undefined || name === undefined)
        throw failure('TAR', { detail: `a line of ${member.name} is damaged` });
      return { name, algorithm, digest: digest.toLowerCase() };
    });
}

function checkSums(received: readonly Received[], sums: readonly Sum[]): void {
  for (const { name, digests } of received) {
    const own = sums.filter((sum) => sum.name === name);
    if (own.length === 0) throw failure('TAR', { detail: `the checksum of ${name} is missing` });
    if (own.some(({ algorithm, digest }) => digests[algorithm] !== digest))
      throw failure('TAR', { detail: `${name} fails its checksum` });
  }
  const stray = sums.find(({ name }) => !received.some((file) => file.name === name));
  if (stray !== undefined) throw failure('TAR', { detail: `the file ${stray.name} is missing` });
}

async function place(
  { name, temporary }: Received,
  incoming: string,
  errors: string,
  compression: Compression,
): Promise<PutResult['outcome']> {
  const path = join(incoming, name);
  try {
    // link(2) replaces nothing.
    await link(temporary, path);
    await unlink(temporary);
    return 'received';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (await holdSame(compression, temporary, path)) {
    // Whoever put it there may have been cut off before it was on the disk.
    await syncPath(path);
    return 'same';
  }
  await moveToErrors(temporary, name, 'duplicate', errors);
  return 'duplicate';
}
