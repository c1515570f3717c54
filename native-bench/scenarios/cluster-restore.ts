import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeBackupHost } from '../backup-host.ts';
import type { Cluster, ClusterSize } from '../cluster.ts';
import { compareRelations } from '../compare-relations.ts';
import { type Command, runOrThrow } from '../measure.ts';
import { OURS, OURS_SFTP_ALONE } from '../ours.ts';
import {
  BARMAN,
  RSYNC,
  RSYNC_LOCAL,
  RSYNC_SYNCED,
  rival,
  rsync,
  rsyncOverSsh,
  thenSynced,
} from '../rivals.ts';
import type { PresentContestant, Scenario } from '../scenario.ts';
import { sftpAlone } from '../sshd.ts';
import { freshPlace } from './contestants.ts';

/** A backup becomes a cluster again, on this host or on another one. Everybody restores the same backup. */
export function clusterRestoreScenario(size: ClusterSize, way: 'local' | 'remote'): Scenario {
  const files = (4 * size.tables).toLocaleString('en');
  const plain = way === 'local' ? RSYNC_LOCAL : RSYNC;
  return {
    names: [`o-${way}`],
    title: `\`restore\` of a cluster of ${files} relation files, ${way}`,
    rounds: 3,
    makesManyFiles: true,
    targets: [
      { kind: 'ratio', against: BARMAN, atMost: 0.7 },
      { kind: 'ratio', against: plain, atMost: 0.7 },
    ],
    prepare: async (bench, directory) => {
      const { ours, remote } = bench;
      if (ours.absent !== undefined) return { contestants: [{ name: OURS, absent: ours.absent }] };
      const cluster = await bench.cluster(size);
      const root = join(directory, 'host');
      mkdirSync(root);
      const archive = cluster.archiveTo(`o-${way}`);
      const host = makeBackupHost(root, cluster, archive.incoming, undefined);
      await runOrThrow(ours.command('-c', host.config, 'backup', '--wait', 'pg'));
      archive.forget();
      const data = host.newest() ?? '';
      const over = (sshConfigFile: string): readonly string[] =>
        way === 'local' ? [] : ['--remote-ssh-command', `ssh -F ${sshConfigFile} testhost`];
      const there = over(remote.sshConfigFile);
      const restorer = (name: string, command: (to: string) => Command): PresentContestant => {
        const place = freshPlace(directory, name);
        return {
          name,
          reset: place.next,
          command: () => command(place.path()),
          check: () => relationsOf(cluster, data, place.path()),
        };
      };
      const plainly = (to: string): Command =>
        way === 'local'
          ? rsync('-a', `${data}/`, `${to}/`)
          : rsyncOverSsh(remote, undefined, '-a', `${data}/`, `:${to}/`);
      return {
        notes: [
          `This program compares every byte with the manifest on the way and makes sure that all is on the disk before it ends; Barman and ${plain} do not, and leave the writing to the kernel. \`${RSYNC_SYNCED}\` is there for comparison and no target.${way === 'local' ? '' : ` Where the account has no shell, each file is fsynced; otherwise \`sync -f\` of the host does it, as for the rival.`}`,
        ],
        contestants: [
          restorer(OURS, (to) => ours.command('-c', host.config, 'restore', ...there, 'pg', 'latest', to)),
          ...(way === 'local'
            ? []
            : [
                restorer(OURS_SFTP_ALONE, (to) =>
                  ours.command(
                    ...['-c', host.config, 'restore', ...over(sftpAlone(bench.sshd)), 'pg', 'latest', to],
                  ),
                ),
              ]),
          rival(BARMAN, ['barman', 'rsync', 'ssh'], (name) =>
            restorer(name, (to) => ({
              argv: ['barman', '-c', host.config, 'recover', ...there, 'pg', 'latest', to],
            })),
          ),
          rival(plain, ['rsync', 'ssh'], (name) => restorer(name, plainly)),
          rival(RSYNC_SYNCED, ['rsync', 'ssh', 'sync'], (name) =>
            restorer(name, (to) => thenSynced(plainly(to), to, way === 'local' ? undefined : remote)),
          ),
        ],
      };
    },
  };
}

function relationsOf({ relations }: Cluster, data: string, to: string): readonly string[] {
  return compareRelations(join(data, relations), join(to, relations));
}
