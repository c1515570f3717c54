import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimRepository } from '../../src/snapshot/claim.ts';
import { claimName, parseClaimName, runName } from '../../src/snapshot/claim-name.ts';
import { OURS } from '../../src/snapshot/layout.ts';
import { lockRepository } from '../../src/snapshot/lock.ts';
import { localEndpoint } from '../../src/sync/endpoints/local.ts';
import { MemoryEndpoint } from '../../src/sync/endpoints/memory.ts';
import { joinPath } from '../../src/sync/path.ts';
import { fromText } from '../../src/system/byte-string.ts';
import { identify, type ProcessIdentity } from '../../src/system/process-identity.ts';
import { path } from './support.ts';

const SOMEBODY: ProcessIdentity = {
  pid: 4711,
  host: 'db1.example.org',
  boot: '12345678-9abc-def0-1234-56789abcdef0',
  space: 'pid:[4026531836]',
  start: '42',
};
/** Its number is that of a process which has ended. */
const deadHere = (): ProcessIdentity => ({
  ...identify(process.pid),
  pid: spawnSync('true').pid ?? 0,
  start: '1',
});

async function repository(): Promise<MemoryEndpoint> {
  const endpoint = new MemoryEndpoint({ name: 'host:/repo' });
  await endpoint.makeDirectory(OURS, 0o700);
  return endpoint;
}

async function lay(
  endpoint: MemoryEndpoint,
  kind: 'claim' | 'holder',
  owner: ProcessIdentity,
  way: 'local' | 'remote',
) {
  await (await endpoint.create(joinPath(OURS, claimName(kind, runName(owner, way))))).close();
}

const files = async (endpoint: MemoryEndpoint) => (await endpoint.list(OURS)).map(({ name }) => name);

describe('the name of a claim', () => {
  it('gives back what it was made of', () => {
    const digits = fc.nat().map(String);
    const owner = fc.record({
      pid: fc.nat(),
      host: fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/),
      boot: fc.option(fc.uuid(), { nil: undefined }),
      space: fc.option(
        digits.map((inode) => `pid:[${inode}]`),
        { nil: undefined },
      ),
      start: fc.option(digits, { nil: undefined }),
    });
    fc.assert(
      fc.property(
        owner,
        fc.constantFrom('local' as const, 'remote' as const),
        fc.constantFrom('claim' as const, 'holder' as const),
        (any, way, kind) => {
          const run = runName(any, way);
          expect(parseClaimName(claimName(kind, run))).toEqual({ kind, run, way, owner: any });
        },
      ),
    );
  });

  it('is a name on every file system', () => {
    const name = claimName('holder', runName({ ...SOMEBODY, host: `../ü ${'x'.repeat(300)}` }, 'remote'));
    expect(name).toMatch(/^[\w.-]{1,255}$/);
    expect(parseClaimName(path('20261101T010000.manifest.gz'))).toBeUndefined();
  });
});

describe('claimRepository', () => {
  it('leaves nothing behind when it is given back', async () => {
    const endpoint = await repository();
    const release = await claimRepository(endpoint, 'remote');
    expect(await files(endpoint)).toHaveLength(2);
    await release();
    expect(await files(endpoint)).toEqual([]);
  });

  it('is refused to a second run of this process', async () => {
    const endpoint = await repository();
    await claimRepository(endpoint, 'remote');
    await expect(claimRepository(endpoint, 'remote')).rejects.toMatchObject({
      code: 'LOCKED',
      facts: { pid: process.pid },
    });
  });

  it('is refused while another machine holds it, naming owner and file', async () => {
    const endpoint = await repository();
    await lay(endpoint, 'claim', SOMEBODY, 'remote');
    await lay(endpoint, 'holder', SOMEBODY, 'remote');
    const before = await files(endpoint);
    await expect(claimRepository(endpoint, 'remote')).rejects.toMatchObject({
      code: 'LOCKED_ELSEWHERE',
      message: expect.stringMatching(
        /^host:\/repo\/\.cellarman\/\S+ says that process 4711 on db1\.example\.org is at work/,
      ),
    });
    // Its own claim is gone, the other's is not.
    expect(await files(endpoint)).toEqual(before);
  });

  it.each(['claim', 'holder'] as const)(
    'puts away the %s of a dead process of this machine',
    async (kind) => {
      const endpoint = await repository();
      await lay(endpoint, kind, deadHere(), 'remote');
      const release = await claimRepository(endpoint, 'remote');
      await release();
      expect(await files(endpoint)).toEqual([]);
    },
  );

  it('puts away what stands from before this machine was started', async () => {
    const endpoint = await repository();
    await lay(endpoint, 'holder', { ...SOMEBODY, host: hostname() }, 'remote');
    await (await claimRepository(endpoint, 'remote'))();
    expect(await files(endpoint)).toEqual([]);
  });

  it('under the file lock knows every other local one to be dead, and no remote one', async () => {
    const endpoint = await repository();
    await lay(endpoint, 'holder', SOMEBODY, 'local');
    await (await claimRepository(endpoint, 'local'))();
    expect(await files(endpoint)).toEqual([]);
    await lay(endpoint, 'holder', SOMEBODY, 'local');
    await expect(claimRepository(endpoint, 'remote')).rejects.toMatchObject({ code: 'LOCKED_ELSEWHERE' });
    await endpoint.removeFile(joinPath(OURS, claimName('holder', runName(SOMEBODY, 'local'))));
    await lay(endpoint, 'holder', SOMEBODY, 'remote');
    await expect(claimRepository(endpoint, 'local')).rejects.toMatchObject({ code: 'LOCKED_ELSEWHERE' });
  });

  it('waits for a claim whose name comes later, which gives way or was faster', async () => {
    const later = { ...SOMEBODY, pid: 9_999_999_999 };
    const gone = await repository();
    await lay(gone, 'claim', later, 'remote');
    const waiting = claimRepository(gone, 'remote');
    await setImmediate();
    await gone.removeFile(joinPath(OURS, claimName('claim', runName(later, 'remote'))));
    await (await waiting)();

    const faster = await repository();
    await lay(faster, 'claim', later, 'remote');
    const losing = claimRepository(faster, 'remote');
    await setImmediate();
    await lay(faster, 'holder', later, 'remote');
    await expect(losing).rejects.toMatchObject({ code: 'LOCKED_ELSEWHERE' });
  });

  it('gives way at once to a claim whose name comes before, even if that is withdrawn later', async () => {
    const endpoint = await repository();
    const earlier = { ...SOMEBODY, pid: 0 };
    await lay(endpoint, 'claim', earlier, 'remote');
    const outcome = claimRepository(endpoint, 'remote').catch((error: unknown) => error);
    await setImmediate();
    await endpoint.removeFile(joinPath(OURS, claimName('claim', runName(earlier, 'remote'))));
    expect(await outcome).toMatchObject({
      code: 'LOCKED_ELSEWHERE',
      facts: { owner: 'process 0 on db1.example.org' },
    });
    expect(await files(endpoint)).toEqual([]);
  });

  it('is withdrawn when the connection fails', async () => {
    let failing = false;
    const endpoint = new MemoryEndpoint({
      before: (operation) => {
        if (failing && operation === 'list') throw new Error('cable pulled');
      },
    });
    await endpoint.makeDirectory(OURS, 0o700);
    failing = true;
    await expect(claimRepository(endpoint, 'remote')).rejects.toThrow('cable pulled');
    failing = false;
    expect(await files(endpoint)).toEqual([]);
  });
});

describe('lockRepository on this machine', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const lock = () => lockRepository(localEndpoint(fromText(directory)), fromText(directory));
  const lockBySftp = () => lockRepository(localEndpoint(fromText(directory)), undefined);

  it('excludes runs of both ways, in both orders', async () => {
    {
      await using _held = await lock();
      await expect(lock()).rejects.toMatchObject({ code: 'LOCKED' });
      // This process' number stands in both: let the other be a process of its own.
      expect(await lockInChild(directory, 'remote')).toBe('LOCKED_ELSEWHERE');
      expect(await lockInChild(directory, 'local')).toBe('LOCKED');
    }
    {
      await using _held = await lockBySftp();
      expect(await lockInChild(directory, 'local')).toBe('LOCKED_ELSEWHERE');
      expect(await lockInChild(directory, 'remote')).toBe('LOCKED_ELSEWHERE');
    }
    expect(await lockInChild(directory, 'local')).toBe('locked');
    expect(await lockInChild(directory, 'remote')).toBe('locked');
  });

  it.each(['local', 'remote'] as const)('does not stay when a %s run is killed', async (way) => {
    await killWhileLocked(directory, way);
    expect(
      readdirSync(join(directory, '.cellarman')).filter((name) => name.startsWith('holder')),
    ).toHaveLength(1);
    expect(await lockInChild(directory, 'remote')).toBe('locked');
    await killWhileLocked(directory, way);
    expect(await lockInChild(directory, 'local')).toBe('locked');
  });

  it('lets one of many that come at once have it', async () => {
    mkdirSync(join(directory, '.cellarman'));
    const children = Array.from({ length: 6 }, (_, i) => child(directory, i % 2 === 0 ? 'remote' : 'local'));
    const outcomes = await Promise.all(children.map(({ outcome }) => outcome));
    await Promise.all(children.map(({ end }) => end()));
    expect(outcomes.filter((outcome) => outcome === 'locked')).toHaveLength(1);
  });
});

const source = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;

/** Tells what became of the lock, and keeps it until its standard input ends. */
const PROGRAM = `
import { lockRepository } from '${source('snapshot/lock.ts')}';
import { localEndpoint } from '${source('sync/endpoints/local.ts')}';
const [directory, way] = process.argv.slice(2);
try {
  await using lock = await lockRepository(localEndpoint(directory), way === 'local' ? directory : undefined);
  console.log('locked');
  for await (const _ of process.stdin);
} catch (error) {
  console.log(error.code);
}
`;

function child(directory: string, way: string) {
  const program = join(directory, 'program.mts');
  writeFileSync(program, PROGRAM);
  const running = spawn(process.execPath, ['--import', 'tsx', program, directory, way], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.stdin.on('error', () => {});
  const closed = new Promise<void>((resolve) => running.once('close', () => resolve()));
  const outcome = new Promise<string>((resolve) => {
    running.stdout.once('data', (line) => resolve(String(line).trim()));
  });
  return {
    outcome,
    end() {
      running.stdin.end();
      return closed;
    },
    kill() {
      running.kill('SIGKILL');
      return closed;
    },
  };
}

async function lockInChild(directory: string, way: string): Promise<string> {
  const { outcome, end } = child(directory, way);
  const result = await outcome;
  await end();
  return result;
}

async function killWhileLocked(directory: string, way: string): Promise<void> {
  const { outcome, kill } = child(directory, way);
  expect(await outcome).toBe('locked');
  await kill();
}
