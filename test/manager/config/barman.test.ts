import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import type { OptionTable } from '../../../src/manager/config/option.ts';
import { SERVER_OPTIONS } from '../../../src/manager/config/options.ts';
import { showValue } from '../../../src/manager/config/show.ts';
import { barman, requireBarman } from '../../support/barman.ts';

// Barman joins live findings to these on the console, and spells them otherwise.
const SHOWN_OTHERWISE = new Set(['last_backup_maximum_age', 'wal_retention_policy']);

describe.skipIf(!requireBarman())('barman show-servers', () => {
  let dir: string;
  let config: string;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'cellarman-config-'));
    config = join(dir, 'barman.conf');
    writeFileSync(
      config,
      `[barman]
barman_user = ${userInfo().username}
barman_home = ${dir}/home
log_file = ${dir}/log
compression = gzip
reuse_backup = link
last_wal_maximum_age = 3 months
last_backup_minimum_size = 1 Gi
parallel_jobs = x
[full]
description = "Main PG Server"
ssh_command = ssh -p 22 postgres@pg
conninfo = host=127.0.0.1 port=1 user=a
backup_options = concurrent_backup
archiver = yes
retention_policy = recovery window of 1 Day
pre_backup_script = 'a "b" c'
slot_name = UPPER
last_wal_maximum_age =
compression =
tablespace_bandwidth_limit = a:1 b:2
bandwidth_limit = 40
immediate_checkpoint = perhaps
streaming_archiver_name = two words
recovery_options = get-wal
minimum_redundancy = 2
network_compression = T
path_prefix = /a:/b
errors_directory = ${dir}/elsewhere
[small]
conninfo = host=127.0.0.1 port=1
  dbname=x
ssh_command = ssh pg
backup_options = concurrent_backup
archiver = 1
retention_policy = REDUNDANCY 02
last_wal_maximum_age = 26 hours
create_slot = auto
`,
    );
  });
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it.each(['full', 'small'])('agrees on every option of %s', (name) => {
    const { stdout } = barman(config, 'show-servers', name);
    const server = loadConfiguration({ explicit: config, env: {} }).servers.get(name);
    if (server === undefined) throw new Error('the server was not read');
    const table: OptionTable = SERVER_OPTIONS;
    const values: Readonly<Record<string, unknown>> = server.options;
    const ours: Record<string, string> = {};
    const theirs: Record<string, string> = {};
    for (const [, key = '', value = ''] of stdout.matchAll(/^\t(\w+): ([^\t]*)\n/gm)) {
      const option = table[key];
      if (option === undefined || SHOWN_OTHERWISE.has(key)) continue;
      theirs[key] = value;
      ours[key] = showValue(option, values[key]);
    }
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours).length).toBeGreaterThan(70);
  });
});
