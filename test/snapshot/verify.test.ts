import { describe, expect, it } from 'vitest';
import { manifestPath } from '../../src/snapshot/layout.ts';
import type { VerifyFinding, VerifyOptions } from '../../src/snapshot/verify-options.ts';
import { VerifyProgress } from '../../src/snapshot/verify-progress.ts';
import { verifySnapshots } from '../../src/snapshot/verify-snapshots.ts';
import { MemoryEndpoint, type MemoryOptions } from '../../src/sync/endpoints/memory.ts';
import type { ProgressEvent } from '../../src/sync/report.ts';
import { toText } from '../../src/system/byte-string.ts';
import { failure } from '../../src/system/errors.ts';
import { dump, OLD, path, plant, read, record, SECOND, write } from './support.ts';

const A = '20261101T010000';
const B = '20261102T010000';
const TREE = {
  '.hidden': 'dot',
  'a/': '',
  'a/b/': '',
  'a/b/deep': 'below',
  'a-b': 'between',
  empty: '',
  'empty dir/': '',
  file: 'content',
  grün: 'x',
  link: '-> file',
};

async function snapshot(options?: MemoryOptions): Promise<MemoryEndpoint> {
  const endpoint = new MemoryEndpoint(options);
  await plant(endpoint, A, TREE);
  await record(endpoint, A);
  return endpoint;
}

async function verify(endpoint: MemoryEndpoint, ids = [A], options: VerifyOptions = {}) {
  const findings: VerifyFinding[] = [];
  const verifications = await verifySnapshots(
    { endpoint, spec: undefined },
    ids,
    { onFinding: (finding) => findings.push(finding), ...options },
    new VerifyProgress(options.onProgress),
  );
  const lines = findings.map(({ kind, path: at, changes }) => `${kind} ${toText(at)} ${changes}`.trimEnd());
  return { lines: lines.sort(), findings, verifications };
}

/** Replaces a file by another of these bytes, with the attributes it had. */
async function overwrite(endpoint: MemoryEndpoint, at: string, content: string): Promise<void> {
  const times = await directoryTimes(endpoint);
  const before = await endpoint.lookup(path(at));
  await endpoint.removeFile(path(at));
  await write(endpoint, path(at), content, before?.mtime);
  await restoreTimes(endpoint, times);
}

describe('verifySnapshots', () => {
  it.each([1, 16])(
    'finds nothing wrong with a snapshot as it was made (concurrency %i)',
    async (concurrency) => {
      const endpoint = await snapshot({ capabilities: { concurrency } });
      const { lines, verifications } = await verify(endpoint);
      expect(lines).toEqual([]);
      expect(verifications).toEqual([
        {
          snapshot: A,
          side: 'snapshot',
          files: 6,
          bytes: 23,
          findings: { missing: 0, added: 0, damaged: 0, attributes: 0, unreadable: 0 },
          problem: undefined,
        },
      ]);
    },
  );

  it('finds one flipped bit in any byte of any file, by name', async () => {
    for (const [name, content] of Object.entries(TREE)) {
      if (name.endsWith('/') || content.startsWith('-> ')) continue;
      for (let bit = 0; bit < content.length * 8; bit++) {
        const bytes = Buffer.from(content);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const endpoint = await snapshot();
        await overwrite(endpoint, `${A}/${name}`, bytes.toString('latin1'));
        expect((await verify(endpoint)).lines).toEqual([`damaged ${name} content`]);
      }
    }
  });

  it.each<[string, readonly string[], (endpoint: MemoryEndpoint) => Promise<unknown>]>([
    ['a longer file', ['damaged file size'], (e) => overwrite(e, `${A}/file`, 'content!')],
    ['a shorter file', ['damaged file size'], (e) => overwrite(e, `${A}/file`, 'conten')],
    ['a missing file', ['missing a/b/deep'], (e) => e.removeFile(path(`${A}/a/b/deep`))],
    ['a missing link', ['missing link'], (e) => e.removeFile(path(`${A}/link`))],
    ['a missing empty directory', ['missing empty dir'], (e) => e.removeDirectory(path(`${A}/empty dir`))],
    ['an added file', ['added a/b/deeper'], (e) => write(e, path(`${A}/a/b/deeper`), 'x')],
    [
      'an added file in a directory that was empty',
      ['added empty dir/x'],
      (e) => write(e, path(`${A}/empty dir/x`), ''),
    ],
    [
      'an added tree',
      ['added a/new', 'added a/new/below', 'added a/new/below/file'],
      (e) => plant(e, `${A}/a/new`, { 'below/': '', 'below/file': '' }),
    ],
    ['another mode', ['attributes file mode'], (e) => e.setAttributes(path(`${A}/file`), { mode: 0o640 })],
    ['another owner', ['attributes file owner'], (e) => e.setAttributes(path(`${A}/file`), { uid: 99 })],
    ['another group', ['attributes a group'], (e) => e.setAttributes(path(`${A}/a`), { gid: 99 })],
    [
      'another time',
      ['attributes file time'],
      (e) => e.setAttributes(path(`${A}/file`), { mtime: OLD + SECOND }),
    ],
    ['another mode of the root', ['attributes  mode'], (e) => e.setAttributes(path(A), { mode: 0o700 })],
  ])('tells %s', async (_, lines, change) => {
    const endpoint = await snapshot();
    const times = await directoryTimes(endpoint);
    await change(endpoint);
    await restoreTimes(endpoint, times);
    expect((await verify(endpoint)).lines).toEqual(lines);
  });

  it('tells a link that leads elsewhere, and a name that became something else', async () => {
    const endpoint = await snapshot();
    const times = await directoryTimes(endpoint);
    await endpoint.removeFile(path(`${A}/link`));
    await endpoint.symlink(path(`${A}/link`), path('elsewhere'));
    await endpoint.removeFile(path(`${A}/a/b/deep`));
    await endpoint.removeDirectory(path(`${A}/a/b`));
    await endpoint.symlink(path(`${A}/a/b`), path('..'));
    await restoreTimes(endpoint, times);
    expect((await verify(endpoint)).lines).toEqual([
      'damaged a/b type',
      'damaged link target',
      'missing a/b/deep',
    ]);
  });

  it.each(['a/b', 'empty dir'])(
    'tells what was put into %s, which could not be read for the snapshot',
    async (unread) => {
      const endpoint = new MemoryEndpoint();
      await plant(endpoint, A, { 'a/': '', 'a/b/': '', 'empty dir/': '', last: 'x' });
      await record(endpoint, A, OLD, [unread]);
      expect((await verify(endpoint)).lines).toEqual([]);
      const times = await directoryTimes(endpoint);
      await plant(endpoint, `${A}/${unread}/new`, { file: '' });
      await restoreTimes(endpoint, times);
      expect((await verify(endpoint)).lines).toEqual([`added ${unread}/new`, `added ${unread}/new/file`]);
    },
  );

  it('names everything below a directory that is gone', async () => {
    const endpoint = await snapshot();
    const times = await directoryTimes(endpoint);
    await endpoint.removeFile(path(`${A}/a/b/deep`));
    await endpoint.removeDirectory(path(`${A}/a/b`));
    await endpoint.removeDirectory(path(`${A}/a`));
    await restoreTimes(endpoint, times);
    expect((await verify(endpoint)).lines).toEqual(['missing a', 'missing a/b', 'missing a/b/deep']);
  });

  it('tells what cannot be read, and goes on', async () => {
    let broken = false;
    const endpoint = await snapshot({
      before: (operation, at) => {
        const opened = operation === 'openRead' && at === `${A}/file`;
        const listed = operation === 'list' && at === `${A}/a/b`;
        if (broken && (opened || listed)) throw failure('IO', { path: at, detail: 'bad sector' });
      },
    });
    broken = true;
    const { lines, findings } = await verify(endpoint);
    expect(lines).toEqual(['unreadable a/b', 'unreadable file']);
    expect(findings.map(({ error }) => error?.code)).toEqual(['IO', 'IO']);
  });

  it('changes nothing', async () => {
    const endpoint = await snapshot();
    const before = await dump(endpoint);
    await verify(endpoint);
    expect(await dump(endpoint)).toEqual(before);
  });

  it('reports a damaged or missing manifest, and verifies the others', async () => {
    const endpoint = await snapshot();
    await plant(endpoint, B, TREE);
    await record(endpoint, B);
    const whole = await read(endpoint, manifestPath(A));
    await endpoint.removeFile(manifestPath(A));
    const { verifications: missing } = await verify(endpoint, [A, B]);
    expect(missing).toMatchObject([{ problem: { code: 'NOT_FOUND' } }, { problem: undefined, files: 6 }]);
    await write(endpoint, manifestPath(A), whole.subarray(0, -9).toString('latin1'));
    const { verifications: damaged } = await verify(endpoint, [A, B]);
    expect(damaged).toMatchObject([{ problem: { code: 'MANIFEST_DAMAGED' } }, { problem: undefined }]);
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(verify(await snapshot(), [A], { signal: abort.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('accepts whole seconds where the manifest knows more, as a server keeps them', async () => {
    const endpoint = new MemoryEndpoint();
    await plant(endpoint, A, {});
    await write(endpoint, path(`${A}/f`), 'x', OLD + 1234);
    await record(endpoint, A);
    const set = (mtime: number) => endpoint.setAttributes(path(`${A}/f`), { mtime });
    await set(OLD);
    expect((await verify(endpoint)).lines).toEqual([]);
    await set(OLD + 1235);
    expect((await verify(endpoint)).lines).toEqual(['attributes f time']);
  });

  it('tells how far it is, up to the end', async () => {
    const told: ProgressEvent[] = [];
    const progress = new VerifyProgress((event) => told.push(event));
    progress.expect(6, 23);
    await verifySnapshots({ endpoint: await snapshot(), spec: undefined }, [A], {}, progress);
    progress.end();
    expect(told.at(-1)).toMatchObject({ files: 6, totalFiles: 6, bytes: 23, totalBytes: 23 });
  });
});

describe('files that snapshots share', () => {
  async function shared() {
    let reads: string[] = [];
    const endpoint = await snapshot({
      before: (operation, at) => {
        if (operation === 'openRead' && !at.startsWith('.cellarman')) reads.push(at);
      },
    });
    await plant(endpoint, B, { 'a/': '', 'a/b/': '', own: 'own' });
    for (const name of ['file', 'a/b/deep', 'a-b']) {
      await endpoint.link(path(`${A}/${name}`), path(`${B}/${name}`));
    }
    await record(endpoint, B);
    reads = [];
    return { endpoint, reads };
  }

  it('are read once', async () => {
    const { endpoint, reads } = await shared();
    const { lines, verifications } = await verify(endpoint, [A, B]);
    expect(lines).toEqual([]);
    expect(verifications).toMatchObject([{ files: 6 }, { files: 4 }]);
    expect(reads.filter((at) => at.startsWith(B))).toEqual([`${B}/own`]);
  });

  it('are damaged in each of them', async () => {
    const { endpoint } = await shared();
    for (const name of ['file', 'a/b/deep']) {
      await overwrite(endpoint, `${A}/${name}`, 'CONTENT'.slice(0, name === 'file' ? 7 : 5));
      await endpoint.removeFile(path(`${B}/${name}`));
      await endpoint.link(path(`${A}/${name}`), path(`${B}/${name}`));
    }
    const { findings } = await verify(endpoint, [A, B]);
    expect(
      findings
        .filter(({ kind }) => kind === 'damaged')
        .map(({ snapshot: id, path: at }) => `${id} ${at}`)
        .sort(),
    ).toEqual([`${A} a/b/deep`, `${A} file`, `${B} a/b/deep`, `${B} file`]);
  });

  it('are read again where the two manifests do not agree about them', async () => {
    const { endpoint, reads } = await shared();
    // The second manifest was written when the file had another content of the same size.
    const file = `${B}/file`;
    await endpoint.removeFile(path(file));
    await write(endpoint, path(file), 'CONTENT');
    await endpoint.removeFile(manifestPath(B));
    await record(endpoint, B);
    await endpoint.removeFile(path(file));
    await endpoint.link(path(`${A}/file`), path(file));
    reads.length = 0;
    expect((await verify(endpoint, [A, B])).lines).toContain('damaged file content');
  });
});

async function directoryTimes(endpoint: MemoryEndpoint): Promise<Map<string, number>> {
  const all = Object.entries(await dump(endpoint)) as [string, { type: string; mtime: number }][];
  return new Map(all.filter(([, { type }]) => type === 'directory').map(([at, { mtime }]) => [at, mtime]));
}

/** What was changed below a directory changed its time too, which is not what a test is about. */
async function restoreTimes(endpoint: MemoryEndpoint, times: ReadonlyMap<string, number>): Promise<void> {
  for (const [at, mtime] of times) {
    if ((await endpoint.lookup(path(at)))?.type === 'directory')
      await endpoint.setAttributes(path(at), { mtime });
  }
}
