import type { Bench } from '../bench.ts';
import { RSYNC, RSYNC_LOCAL, RSYNC_OUR_CIPHER, XXHSUM } from '../rivals.ts';
import type { Scale } from '../scale.ts';
import type { Scenario, Target } from '../scenario.ts';
import { clusterBackupScenario } from './cluster-backup.ts';
import { clusterRestoreScenario } from './cluster-restore.ts';
import { firstCopyScenario } from './first-copy.ts';
import { snapshotScenario } from './snapshot.ts';
import { versionScenario } from './start-up.ts';
import { verifyScenario } from './verify.ts';
import { archiveWalScenario, walArchiveScenario } from './wal.ts';

const ROUNDS = 5;

/** Everything that is measured, and what is to be reached. */
export function scenarios(scale: Scale): readonly Scenario[] {
  const { small, bigFiles, bigBytes, many } = scale;
  const smallTree = (bench: Bench): string => bench.trees.small(small);
  const bigTree = (bench: Bench): string => bench.trees.big(bigFiles, bigBytes);
  const emptyTree = (files: number) => ({ files, tree: (bench: Bench) => bench.trees.empty(files) });
  const smallFiles = `${count(small)} files of 8 KiB`;
  const bigOnes = `${bigFiles} files of ${bigBytes >> 20} MiB`;
  const whole = { tree: smallTree, files: small, rounds: ROUNDS };
  const manyTree = { ...emptyTree(many), rounds: 3 };

  return [
    snapshotScenario({
      ...whole,
      names: ['a'],
      title: `nothing changed, ${smallFiles}, pull`,
      way: 'pull',
      floor: true,
      targets: againstBoth(0.4, 0.45),
    }),
    snapshotScenario({
      ...whole,
      names: ['b'],
      title: `1 % changed, ${smallFiles}, pull`,
      tree: (bench) => bench.trees.changing(small),
      way: 'pull',
      changing: true,
      targets: againstBoth(0.5, 0.55),
    }),
    firstCopyScenario({
      names: ['c'],
      title: `first copy, ${bigOnes}, pull`,
      rounds: ROUNDS,
      tree: bigTree,
      way: 'pull',
      further: ['scp', 'sftp', 'ssh2-sftp-client', 'cat'],
      targets: againstBoth(0.6, 0.8),
    }),
    firstCopyScenario({
      names: ['d'],
      title: `first copy, ${smallFiles}, pull`,
      rounds: ROUNDS,
      tree: smallTree,
      makesManyFiles: true,
      way: 'pull',
      further: ['scp', 'sftp'],
      targets: againstBoth(0.8, 0.9),
    }),
    firstCopyScenario({
      names: ['d-tenth'],
      title: `first copy, ${count(small / 10)} files of 8 KiB, pull`,
      rounds: 3,
      tree: (bench) => bench.trees.small(small / 10),
      makesManyFiles: true,
      way: 'pull',
      further: ['ssh2-sftp-client'],
      targets: [],
    }),
    snapshotScenario({
      ...whole,
      names: ['e-snapshot'],
      title: `nothing changed, ${smallFiles}, push`,
      way: 'push',
      targets: againstBoth(0.8, 0.95),
    }),
    firstCopyScenario({
      names: ['e-copy'],
      title: `first copy, ${bigOnes}, push`,
      rounds: ROUNDS,
      tree: bigTree,
      way: 'push',
      targets: againstBoth(0.8, 0.95),
    }),
    snapshotScenario({
      ...whole,
      names: ['f'],
      title: `\`--checksum\`, nothing changed, ${smallFiles}, pull`,
      way: 'pull',
      checksum: true,
      targets: againstBoth(0.8, 0.95),
    }),
    snapshotScenario({
      ...whole,
      names: ['g-snapshot'],
      title: `nothing changed, ${smallFiles}, local`,
      way: 'local',
      floor: true,
      targets: againstLocal(0.7),
    }),
    firstCopyScenario({
      names: ['g-big'],
      title: `first copy, ${bigOnes}, local`,
      rounds: ROUNDS,
      tree: bigTree,
      way: 'local',
      further: ['cp'],
      targets: againstLocal(0.7),
    }),
    firstCopyScenario({
      names: ['g-small'],
      title: `first copy, ${smallFiles}, local`,
      rounds: ROUNDS,
      tree: smallTree,
      makesManyFiles: true,
      way: 'local',
      further: ['cp'],
      targets: againstLocal(0.7),
    }),
    verifyScenario({
      names: ['h-big'],
      title: `verify ${bigOnes}`,
      rounds: ROUNDS,
      tree: bigTree,
      targets: [{ kind: 'ratio', against: XXHSUM, atMost: 1.1 }],
    }),
    verifyScenario({
      names: ['h-small'],
      title: `verify ${smallFiles}`,
      rounds: ROUNDS,
      tree: smallTree,
      targets: [{ kind: 'ratio', against: XXHSUM, atMost: 1.1 }],
    }),
    snapshotScenario({
      ...manyTree,
      names: ['i', sizeName(many)],
      title: `nothing changed, ${count(many)} empty files, pull`,
      way: 'pull',
      targets: [
        { kind: 'ratio', against: RSYNC, atMost: 0.5 },
        { kind: 'memory', megabytes: 250 },
      ],
    }),
    snapshotScenario({
      ...whole,
      names: ['j-snapshot'],
      title: `nothing changed, ${smallFiles}, pull at 20 ms`,
      way: 'pull',
      distant: true,
      targets: againstBoth(0.6, 0.6),
    }),
    firstCopyScenario({
      names: ['j-copy'],
      title: `first copy, ${smallFiles}, pull at 20 ms`,
      rounds: ROUNDS,
      tree: smallTree,
      makesManyFiles: true,
      way: 'pull',
      distant: true,
      targets: againstBoth(0.6, 0.6),
    }),
    versionScenario,
    firstCopyScenario({
      names: ['k-file'],
      title: 'first copy, one file of 16 MiB, pull',
      rounds: 15,
      tree: (bench) => bench.trees.big(1, 16 << 20),
      way: 'pull',
      targets: [],
    }),
    walArchiveScenario,
    archiveWalScenario(scale.segments),
    clusterBackupScenario(scale.cluster),
    clusterRestoreScenario(scale.cluster, 'local'),
    clusterRestoreScenario(scale.cluster, 'remote'),
    ...scale.sizes.map((files) =>
      snapshotScenario({
        ...emptyTree(files),
        names: [sizeName(files)],
        title: `nothing changed, ${count(files)} empty files, pull`,
        rounds: ROUNDS,
        way: 'pull',
        targets: [],
      }),
    ),
  ];
}

/** Files in the scenarios of cost against size; undefined for all others. */
export function filesOf(scenario: Scenario): number | undefined {
  const name = scenario.names.find((name) => name.startsWith('l-'));
  return name === undefined ? undefined : Number(name.slice(2));
}

function sizeName(files: number): string {
  return `l-${files}`;
}

function againstBoth(asUsersRunIt: number, withOurCipher: number): Target[] {
  return [
    { kind: 'ratio', against: RSYNC, atMost: asUsersRunIt },
    { kind: 'ratio', against: RSYNC_OUR_CIPHER, atMost: withOurCipher },
  ];
}

function againstLocal(atMost: number): Target[] {
  return [{ kind: 'ratio', against: RSYNC_LOCAL, atMost }];
}

function count(number: number): string {
  return number.toLocaleString('en');
}
