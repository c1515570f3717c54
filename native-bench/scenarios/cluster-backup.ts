import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupHost, makeBackupHost } from '../backup-host.ts';
import type { Bench } from '../bench.ts';
import type { Cluster, ClusterSize } from '../cluster.ts';
import { compareRelations } from '../compare-relations.ts';
import { type Command, runOrThrow } from '../measure.ts';
import { OURS } from '../ours.ts';
import { BARMAN, RSYNC, rival, rsyncOverSsh } from '../rivals.ts';
import type { Contestant, PresentContestant, Scenario } from '../scenario.ts';
import { freshPlace, slug } from './contestants.ts';

/** A cluster is backed up once more, and nothing has changed: all relation files become links. */
export function clusterBackupScenario(size: ClusterSize): Scenario {
  const files = (4 * size.tables).toLocaleString('en');
  return {
    names: ['n'],
    title: `\`backup\`, nothing changed, cluster of ${files} relation files`,
    rounds: 3,
    targets: [
      { kind: 'ratio', against: BARMAN, atMost: 0.04 },
      { kind: 'ratio', against: RSYNC, atMost: 1 },
    ],
    prepare: async (bench, directory) => {
      const cluster = await bench.cluster(size);
      return {
        notes: [
          'This program and Barman begin and stop a backup of the server and make sure that all is on the disk; rsync copies alone. The CPU time of the server is not counted.',
        ],
        contestants: [
          ours(bench, cluster, directory),
          rival(BARMAN, ['barman', 'rsync', 'ssh'], (name) =>
            backupTaker(name, bench, cluster, directory, (...args) => ({ argv: ['barman', ...args] })),
          ),
          rival(RSYNC, ['rsync', 'ssh'], (name) => plainRsync(name, bench, cluster, directory)),
        ],
      };
    },
  };
}

function ours(bench: Bench, cluster: Cluster, directory: string): Contestant {
  if (bench.ours.absent !== undefined) return { name: OURS, absent: bench.ours.absent };
  return backupTaker(OURS, bench, cluster, directory, (...args) => bench.ours.command(...args));
}

/** Backups pile up in the catalogue: each is linked to the one before. Between two their WAL is archived. */
function backupTaker(
  name: string,
  bench: Bench,
  cluster: Cluster,
  directory: string,
  command: (...args: string[]) => Command,
): PresentContestant {
  let host: BackupHost | undefined;
  const run = (verb: string): Command => command('-c', host?.config ?? '', verb, 'pg');
  return {
    name,
    prepare: async () => {
      const root = join(directory, slug(name));
      mkdirSync(root);
      host = makeBackupHost(root, cluster, cluster.archiveTo(`n-${slug(name)}`).incoming, bench.remote);
      await cluster.switchWal();
      await runOrThrow(run('archive-wal'));
      await runOrThrow(run('backup'));
    },
    reset: () => runOrThrow(run('archive-wal')),
    command: () => run('backup'),
    check: () => {
      const data = host?.newest();
      const status = host?.status();
      if (data === undefined) return ['there is no backup'];
      if (status !== 'DONE' && status !== 'WAITING_FOR_WALS') return [`the backup is ${status}`];
      return relationsOf(cluster, data);
    },
  };
}

function plainRsync(name: string, bench: Bench, cluster: Cluster, directory: string): PresentContestant {
  const basis = join(directory, 'rsync-basis');
  const place = freshPlace(directory, name);
  const copy = (to: string, ...options: string[]): Command => {
    const what = ['-a', '--exclude=/pg_wal/*', '--exclude=/postmaster.pid', ...options];
    return rsyncOverSsh(bench.remote, undefined, ...what, `:${cluster.postgres.dataDir}/`, `${to}/`);
  };
  return {
    name,
    prepare: () => runOrThrow(copy(basis)),
    reset: place.next,
    command: () => copy(place.path(), `--link-dest=${basis}`),
    check: () => relationsOf(cluster, place.path()),
  };
}

function relationsOf({ postgres, relations }: Cluster, data: string): readonly string[] {
  return compareRelations(join(postgres.dataDir, relations), join(data, relations), { linked: true });
}
