import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimDestination } from '../../../src/manager/restore/claim.ts';
import type { Standing } from '../../../src/manager/restore/destination.ts';
import { createMarker, type Marker, readMarker } from '../../../src/manager/restore/marker.ts';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { localSite } from '../../../src/sync/endpoints/local-site.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { identify } from '../../../src/system/process-identity.ts';

const markerOf = (pid: number): Marker => ({
  server: 'pg',
  backup: '20261122T164948',
  systemIdentifier: '7',
  boot: null,
  synced: true,
  lost: false,
  delta: false,
  owner: identify(pid),
  tablespaces: {},
});
const OURS = markerOf(process.pid);
const OTHERS = markerOf(process.ppid);
/** Its process began at another time than the one that has its number now. */
const DEAD: Marker = { ...OTHERS, owner: { ...identify(process.ppid), start: '1' } };

describe('the claim of a destination', () => {
  let directory: string;
  let turns: string;
  let endpoint: Endpoint;
  const site = localSite();

  beforeAll(() => {
    expect(process.ppid).toBeGreaterThan(0);
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-claim-'));
    turns = mkdtempSync(join(tmpdir(), 'cellarman-locks-'));
    endpoint = await site.open(fromText(directory));
  });
  afterEach(() => {
    for (const path of [directory, turns]) rmSync(path, { recursive: true });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const claimAs = (standing: Standing, marker: Marker): Promise<void> =>
    claimDestination(endpoint, directory, standing, marker, {
      locks: { directory: turns, server: 'pg' },
      signal: new AbortController().signal,
    });
  const claim = (marker: Marker, kind: 'nothing' | 'other'): Promise<void> => claimAs({ kind }, marker);

  it('is one run’s alone, though both found it empty', async () => {
    await claim(OTHERS, 'nothing');
    await expect(claim(OURS, 'nothing')).rejects.toMatchObject({
      code: 'DESTINATION_IN_USE',
      message: expect.stringContaining(`is being restored to by process ${process.ppid}`),
    });
    expect((await readMarker(endpoint))?.owner?.pid).toBe(process.ppid);
  });

  it('goes to one of many that come at once', async () => {
    const claims = Array.from({ length: 8 }, () => claim(OURS, 'nothing'));
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('fails where somebody else put files meanwhile, and leaves those alone', async () => {
    writeFileSync(join(directory, 'theirs'), '');
    await expect(claim(OURS, 'nothing')).rejects.toMatchObject({ code: 'DESTINATION_IN_USE' });
    expect(readdirSync(directory)).toEqual(['theirs']);
  });

  it('goes on with what was left, unless somebody else did so and came to its end', async () => {
    const standing = { kind: 'unfinished', marker: OURS } as const;
    await claim(OURS, 'nothing');
    await claimAs(standing, OURS);
    rmSync(join(directory, '.cellarman-restore'));
    await expect(claimAs(standing, OURS)).rejects.toMatchObject({ code: 'DESTINATION_IN_USE' });
  });

  it('fails where another run has gone on meanwhile and is dead too: what stands is not what was examined', async () => {
    const later: Marker = { ...DEAD, backup: '20261123T010203', delta: true };
    await createMarker(endpoint, later);
    await expect(claimAs({ kind: 'unfinished', marker: DEAD }, OURS)).rejects.toMatchObject({
      code: 'DESTINATION_IN_USE',
    });
    expect(await readMarker(endpoint)).toEqual(later);
  });

  it('goes to one of many that go on at once with what a dead one left', async () => {
    await createMarker(endpoint, DEAD);
    const standing = { kind: 'unfinished', marker: DEAD } as const;
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => claimAs(standing, OTHERS)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('goes on without taking turns where the catalogue cannot be written to', async () => {
    await createMarker(endpoint, DEAD);
    turns = join(turns, 'nowhere');
    await expect(claimAs({ kind: 'unfinished', marker: DEAD }, OURS)).resolves.toBeUndefined();
    turns = dirname(turns);
  });

  it('is made over other files too where a run was cut off before it had written its marker', async () => {
    writeFileSync(join(directory, 'PG_VERSION'), '17\n');
    writeFileSync(join(directory, '.cellarman-restore'), '');
    await claim(OURS, 'other');
    expect((await readMarker(endpoint))?.owner?.pid).toBe(process.pid);
  });

  it('can be made over other files, for a delta restore', async () => {
    writeFileSync(join(directory, 'PG_VERSION'), '17\n');
    await claim(OURS, 'other');
    await expect(claim(OTHERS, 'other')).resolves.toBeUndefined();
  });
});
