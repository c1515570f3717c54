import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChosenBases, chooseBases } from '../../../src/manager/backup/bases.ts';
import { type CopyOrder, copyCluster } from '../../../src/manager/backup/copy.ts';
import type { Backup } from '../../../src/manager/catalogue/backup.ts';
import { newFields, readFields } from '../../../src/manager/catalogue/backup-info.ts';
import { SAME_CLOCK } from '../../../src/sync/clock.ts';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { arrangedEndpoint } from '../../../src/sync/endpoints/arranged.ts';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';

const BEGAN = 1_800_000_000;
const signal = new AbortController().signal;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cellarman-copy-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function plant(path: string, content: string, time = BEGAN - 1000): void {
  const full = join(dir, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content, { mode: 0o600 });
  utimesSync(full, time, time);
}

const backup = (id: string, status: 'DONE' | 'FAILED', changes = {}): Backup => {
  const lines = newFields({
    status,
    mode: 'rsync-concurrent',
    systemid: '7',
    version: 170_001,
    begin_time: { epoch: BEGAN * 1_000_000 + 400_000, offset: 0 },
    ...changes,
  });
  return { id, infoPath: '', place: 'meta', lines, fields: readFields(lines, '') };
};

function order(id: string, bases: ChosenBases, change: Partial<CopyOrder> = {}): CopyOrder {
  mkdirSync(join(dir, 'base', id, '.cellarman'), { recursive: true });
  const source = arrangedEndpoint(
    localEndpoint(fromText(join(dir, 'cluster'))),
    [{ at: byteString('data'), path: byteString('') }],
    signal,
  );
  return {
    id,
    from: 'cluster',
    source: { endpoint: source, spec: undefined },
    clock: SAME_CLOCK,
    destination: localEndpoint(fromText(join(dir, 'base'))),
    base: fromText(join(dir, 'base')),
    bases,
    use: 'link',
    jobs: 1,
    bandwidth: undefined,
    inspection: undefined,
    onInspected: () => {},
    retry: { times: 0, sleep: 0 },
    onProgress: () => {},
    warn: () => {},
    signal,
    ...change,
  };
}

const NO_BASES: ChosenBases = { finished: undefined, unfinished: [] };
const at = (id: string, path: string): string => join(dir, 'base', id, 'data', path);
const isOne = (a: string, b: string): boolean => statSync(a).ino === statSync(b).ino;

describe('a copy of a cluster', () => {
  it("reads what was modified about the time of a listed basis' start, and links the rest", async () => {
    const late = BEGAN - 1;
    plant('cluster/base/1/old', 'same');
    plant('cluster/base/1/young', 'new!', late);
    plant('base/A/data/base/1/old', 'same');
    plant('base/A/data/base/1/young', 'old!', late);
    const { report } = await copyCluster(order('B', { finished: backup('A', 'DONE'), unfinished: [] }));
    expect(isOne(at('A', 'base/1/old'), at('B', 'base/1/old'))).toBe(true);
    expect(readFileSync(at('B', 'base/1/young'), 'utf8')).toBe('new!');
    expect(readFileSync(at('A', 'base/1/young'), 'utf8')).toBe('old!');
    expect(report.linkedFiles).toBe(1);
    // The next one has a manifest to go by.
    await copyCluster(order('C', { finished: backup('B', 'DONE'), unfinished: [] }));
    expect(isOne(at('A', 'base/1/old'), at('C', 'base/1/old'))).toBe(true);
    expect(isOne(at('B', 'base/1/young'), at('C', 'base/1/young'))).toBe(true);
  });

  it('goes on after a lost connection, and never writes into a linked file', async () => {
    plant('cluster/a', 'unchanged');
    plant('cluster/b', 'before');
    plant('cluster/c', 'third');
    await copyCluster(order('A', NO_BASES));
    plant('cluster/b', 'after!', BEGAN + 100);
    const one = order(
      'B',
      { finished: backup('A', 'DONE'), unfinished: [] },
      { retry: { times: 1, sleep: 0 } },
    );
    const told: string[] = [];
    const { report } = await copyCluster({
      ...one,
      source: { endpoint: breaking(one.source.endpoint), spec: undefined },
      warn: (message) => told.push(message),
    });
    expect(told.join()).toContain('trying again in 0 seconds (1 of 1)');
    expect(report.linkedFiles + report.transferredFiles).toBeGreaterThan(0);
    expect(readFileSync(at('B', 'b'), 'utf8')).toBe('after!');
    expect(readFileSync(at('A', 'b'), 'utf8')).toBe('before');
    expect(isOne(at('A', 'a'), at('B', 'a'))).toBe(true);
    expect(lstatSync(at('B', 'b')).nlink).toBe(1);
  });

  it('takes over what an unfinished backup has copied, by its journal', async () => {
    for (let n = 0; n < 20; n++) plant(`cluster/base/${n}/file`, `content ${n}`);
    const first = order('A', NO_BASES);
    await expect(
      copyCluster({ ...first, source: { endpoint: breaking(first.source.endpoint, 10), spec: undefined } }),
    ).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    const { report } = await copyCluster(
      order('B', { finished: undefined, unfinished: [backup('A', 'FAILED')] }),
    );
    expect(report.linkedFiles).toBeGreaterThan(5);
    expect(report.linkedFiles + report.transferredFiles).toBe(20);
  });

  it('ends with the first file that cannot be read', async () => {
    plant('cluster/a', 'content');
    const one = order('A', NO_BASES);
    const endpoint = withOpen(one.source.endpoint, async () => {
      throw failure('PERMISSION_DENIED', { path: 'a' });
    });
    await expect(copyCluster({ ...one, source: { endpoint, spec: undefined } })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

describe('the basis of a backup', () => {
  const wishes = { systemIdentifier: '7', major: 17, use: 'link' } as const;

  it('is the newest finished one of the same cluster and major version', () => {
    const backups = [
      backup('20260101T000000', 'DONE'),
      backup('20260102T000000', 'DONE', { systemid: '8' }),
      backup('20260103T000000', 'DONE', { version: 160_004 }),
      backup('20260104T000000', 'FAILED'),
      backup('20260105T000000', 'DONE', { mode: 'postgres' }),
      backup('20260106T000000', 'FAILED'),
    ];
    const { finished, unfinished } = chooseBases(backups, wishes);
    expect(finished?.id).toBe('20260101T000000');
    expect(unfinished.map(({ id }) => id)).toEqual(['20260106T000000', '20260104T000000']);
    expect(chooseBases(backups, { ...wishes, use: undefined }).finished).toBeUndefined();
  });
});

/** Loses its connection once, at the `nth` file that is opened. */
function breaking(endpoint: Endpoint, nth = 2): Endpoint {
  let opened = 0;
  return withOpen(endpoint, (path, listed) => {
    if (++opened === nth) throw failure('CONNECTION_LOST', { host: 'db', detail: 'a test' });
    return endpoint.openRead(path, listed);
  });
}

function withOpen(endpoint: Endpoint, openRead: Endpoint['openRead']): Endpoint {
  return new Proxy(endpoint, {
    get: (target, key) => {
      if (key === 'openRead') return async (...args: Parameters<Endpoint['openRead']>) => openRead(...args);
      // They would read small files past it.
      if (key === 'readWhole' || key === 'readMany') return undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
