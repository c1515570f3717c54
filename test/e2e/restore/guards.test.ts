import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import type { RestoreEvent } from '../../../src/manager/restore/events.ts';
import { planRestore, type RestoreRequest } from '../../../src/manager/restore/plan-restore.ts';
import { restore } from '../../../src/manager/restore/restore.ts';
import { Compression } from '../../../src/manager/wal/compression/compression.ts';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { localSite } from '../../../src/sync/endpoints/local-site.ts';
import type { Site } from '../../../src/sync/endpoints/site.ts';
import type { RelPath } from '../../../src/sync/entry.ts';
import type { ByteString } from '../../../src/system/byte-string.ts';
import { failure, isFailure } from '../../../src/system/errors.ts';
import { type BackupSite, startBackupSite } from '../../support/backup-site.ts';
import { requireBarman } from '../../support/barman.ts';
import type { RunningProgram } from '../../support/cli-process.ts';
import { postgresAvailable } from '../../support/postgres.ts';
import { requireProgram } from '../../support/programs.ts';

/** Kilobytes a second: slow enough for others to come in between. */
const SLOW = ['--bwlimit', '2000'];

describe.skipIf(!postgresAvailable() || !requireProgram('flock'))('Beside a restore', () => {
  let site: BackupSite;
  let to: string;
  let running: RunningProgram | undefined;

  const ids = (): string[] => readdirSync(join(site.root, 'base')).sort();
  const backUp = async (): Promise<void> =>
    expect(await site.run('backup', 'pg')).toMatchObject({ status: 0 });
  async function startSlowly(id: string, destination = to): Promise<void> {
    running = site.start('restore', 'pg', id, destination, ...SLOW);
    while (!existsSync(join(destination, '.cellarman-restore'))) {
      if (running.child.exitCode !== null) throw new Error(running.said().stderr);
      await sleep(10);
    }
  }
  async function kill(): Promise<void> {
    running?.child.kill('SIGKILL');
    await running?.outcome;
    running = undefined;
  }

  beforeAll(async () => {
    site = await startBackupSite({ major: 17, walSegmentSize: 1 });
    await backUp();
    await backUp();
  });
  beforeEach(() => {
    to = join(site.dir, 'target');
    site.configure('');
  });
  afterEach(async () => {
    await kill();
    for (const name of readdirSync(site.dir))
      if (name.startsWith('target')) rmSync(join(site.dir, name), { recursive: true });
  });
  afterAll(() => site?.stop());

  it('a second one into the same empty directory gives way', async () => {
    const both = [0, 1].map(() => site.start('restore', 'pg', 'latest', to, ...SLOW));
    const first = await Promise.race(
      both.map(({ outcome }, index) => outcome.then((one) => ({ ...one, index }))),
    );
    running = both[1 - first.index];
    expect(first.status).toBe(1);
    expect(first.stderr).toMatch(/is being restored to by|is not empty/);
    expect(running?.child.exitCode).toBeNull();
    expect(existsSync(join(to, '.cellarman-restore'))).toBe(true);
  });

  it('its backup is not deleted, others may be restored from it, and it is free when the restore was killed', async () => {
    const [id = ''] = ids();
    await startSlowly(id);
    const refused = await site.run('delete', 'pg', id);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`as process ${running?.child.pid} is at work on it, such as a restore`);
    if (requireBarman()) expect((await site.barman('delete', 'pg', id)).status).not.toBe(0);
    const another = await site.run('restore', 'pg', id, `${to}-2`);
    expect(another, another.stderr).toMatchObject({ status: 0 });
    expect((await site.run('verify-backup', 'pg', id)).status).toBe(0);
    site.configure('retention_policy = REDUNDANCY 1');
    const cron = await site.run('cron');
    expect(cron.status, cron.stderr).toBe(0);
    expect(ids()).toContain(id);
    await kill();
    expect(await site.run('delete', 'pg', id)).toMatchObject({ status: 0 });
    expect(ids()).not.toContain(id);
    await backUp();
  });

  it('from a catalogue that cannot be written to goes on without a lock, and says so', async () => {
    const locks = join(site.dir, 'no-such-directory');
    const text = readFileSync(site.config, 'utf8');
    writeFileSync(site.config, text.replace('[barman]', `[barman]\nbarman_lock_directory = ${locks}`));
    const outcome = await site.run('restore', 'pg', 'latest', to);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(outcome.stderr).toContain('nothing keeps others from deleting the backup');
  });
});

describe.skipIf(!postgresAvailable())('Around a restore', () => {
  let site: BackupSite;
  let to: string;
  let scripts: string;

  /** A script that tells what it was told, and how it ends. */
  function script(name: string, status: number): string {
    const path = join(scripts, name);
    writeFileSync(
      path,
      `#!/bin/sh\n{ echo "[${name}]"; env | grep ^BARMAN_ | sort; ls "$BARMAN_DESTINATION_DIRECTORY" 2>&1; } >> ${scripts}/log\nexit ${status}\n`,
    );
    chmodSync(path, 0o755);
    return path;
  }
  const told = (): string[] => readFileSync(join(scripts, 'log'), 'utf8').split(/^(?=\[)/m);

  beforeAll(async () => {
    site = await startBackupSite({ major: 17, walSegmentSize: 1 });
    expect(await site.run('backup', 'pg')).toMatchObject({ status: 0 });
  });
  beforeEach(() => {
    to = join(site.dir, 'target');
    scripts = join(site.dir, 'scripts');
    mkdirSync(scripts);
  });
  afterEach(() => {
    for (const path of [to, scripts]) rmSync(path, { recursive: true, force: true });
  });
  afterAll(() => site?.stop());

  it('the scripts of the configuration are run, and told about it in Barman’s variables', async () => {
    site.configure(
      `pre_recovery_script = ${script('pre', 1)}
pre_recovery_retry_script = ${script('pre-retry', 0)}
post_recovery_retry_script = ${script('post-retry', 63)}
post_recovery_script = ${script('post', 0)}`,
    );
    const outcome = await site.run('restore', 'pg', 'latest', to, '--target-immediate');
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const all = told();
    expect(all.map((text) => text.split('\n', 1)[0])).toEqual([
      '[pre]',
      '[pre-retry]',
      '[post-retry]',
      '[post]',
    ]);
    const [pre = '', , , post = ''] = all;
    const [id = ''] = readdirSync(join(site.root, 'base'));
    for (const line of [
      `BARMAN_BACKUP_ID=${id}`,
      `BARMAN_DESTINATION_DIRECTORY=${to}`,
      'BARMAN_HOOK=recovery_script',
      'BARMAN_PHASE=pre',
      'BARMAN_SERVER=pg',
      'BARMAN_STATUS=DONE',
      'BARMAN_REMOTE_COMMAND=',
    ])
      expect(pre.split('\n')).toContain(line);
    expect(pre).toMatch(/BARMAN_RECOVER_OPTIONS=.*"target_immediate": ?true/);
    expect(pre).not.toContain('PG_VERSION');
    expect(post).toContain('PG_VERSION');
    expect(post).toContain('BARMAN_PHASE=post\n');
  });

  it('a retry script that says so stops it before anything is made', async () => {
    site.configure(`pre_recovery_retry_script = ${script('no', 63)}`);
    const outcome = await site.run('restore', 'pg', 'latest', to);
    expect(outcome).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('pre_recovery_retry_script'),
    });
    expect(existsSync(to)).toBe(false);
  });

  it('the last script hears why it failed', async () => {
    site.configure(`post_recovery_script = ${script('post', 0)}`);
    const spoil = script('spoil', 0);
    writeFileSync(spoil, `#!/bin/sh\nmkdir ${to} && touch ${to}/theirs\n`);
    site.configure(`pre_recovery_script = ${spoil}\npost_recovery_script = ${script('post', 0)}`);
    const outcome = await site.run('restore', 'pg', 'latest', to);
    expect(outcome).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('somebody else has put files there'),
    });
    expect(told().at(-1)).toMatch(/^BARMAN_ERROR=.*somebody else has put files there/m);
    expect(readdirSync(to)).toEqual(['theirs']);
  });

  it.each([
    [1, 'done'],
    [3, 'IO'],
  ])(
    'it is tried again as often as asked, and goes on where it was: %i failures end in %s',
    async (failures, end) => {
      site.configure('');
      const configuration = loadConfiguration({ explicit: site.config, env: {} });
      const server = configuration.servers.get('pg');
      if (server === undefined) throw new Error('the server is not configured');
      const catalogue = new Catalogue(server, configuration.global);
      const compression = new Compression(server.options);
      await using here = failing(failures);
      const { backups } = await catalogue.read();
      const plan = await planRestore(request(to), backups, catalogue.layout, compression, here);
      const events: RestoreEvent[] = [];
      const done = restore(plan, catalogue.layout, compression, {
        jobs: 1,
        bandwidth: undefined,
        retry: { times: 2, sleep: 0 },
        restoreCommand: undefined,
        action: undefined,
        settingsFile: 'postgresql.auto.conf',
        onEvent: (event) => events.push(event),
        locks: catalogue.locks,
        signal: new AbortController().signal,
      });
      expect(
        await done.then(
          () => 'done',
          (error) => (isFailure(error) ? error.code : error),
        ),
      ).toBe(end);
      const resumed = events.filter((event) => event.type === 'step' && event.step === 'resume');
      expect(resumed).toHaveLength(Math.min(failures, 2));
      expect(existsSync(join(to, 'global', 'pg_control'))).toBe(end === 'done');
    },
  );
});

const request = (destination: string): RestoreRequest => ({
  server: 'pg',
  designation: 'latest',
  destination,
  target: { kind: 'end' },
  exclusive: false,
  timeline: undefined,
  relocations: new Map(),
  delta: false,
  getWal: false,
  standby: false,
  stagingWalDirectory: undefined,
});

/** This machine, whose disk fails so often when a link shall be made, which is when the files are there. */
function failing(failures: number): Site {
  let left = failures;
  const syncDirectory = (endpoint: Endpoint) => async (path: RelPath) => {
    if (path === 'pg_tblspc' && left-- > 0)
      throw failure('IO', { path: 'pg_tblspc', detail: 'a bad sector' });
    return await endpoint.syncDirectory(path);
  };
  const endpointOf = (endpoint: Endpoint): Endpoint =>
    altered(endpoint, 'syncDirectory', syncDirectory(endpoint));
  // In this thread alone, where its disk can fail.
  const site = altered(localSite(), 'spec', () => undefined);
  return altered(site, 'open', async (root: ByteString) => endpointOf(await site.open(root)));
}

/** An object with one method in the place of its own. */
function altered<T extends object, K extends keyof T>(object: T, name: K, method: T[K]): T {
  return new Proxy(object, {
    get(target, key) {
      if (key === name) return method;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
