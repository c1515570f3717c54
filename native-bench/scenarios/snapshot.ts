import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { runOrThrow } from '../measure.ts';
import { OURS } from '../ours.ts';
import { RSYNC, RSYNC_LOCAL, RSYNC_OUR_CIPHER, rival, rsync, rsyncOverSsh } from '../rivals.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import type { Remote } from '../sshd.ts';
import { changeOnePercent, onePercentOf } from '../trees.ts';
import { checkTree, reach, treeMaker } from './contestants.ts';

export interface SnapshotScenario extends Omit<Scenario, 'prepare'> {
  readonly tree: (bench: Bench) => string;
  readonly files: number;
  /** `pull`: the source is the server's. `push`: the destination is. `local`: neither. */
  readonly way: 'pull' | 'push' | 'local';
  /** Through the relay. */
  readonly distant?: boolean;
  readonly checksum?: boolean;
  /** Every round begins with new content in one per cent of the files. */
  readonly changing?: boolean;
  /** With `cp -al`, which makes the links and nothing else. */
  readonly floor?: boolean;
}

/** A tree is kept a second time: unchanged files become hard links to the first copy. */
export function snapshotScenario(scenario: SnapshotScenario): Scenario {
  return {
    ...scenario,
    prepare: async (bench, directory) => {
      const source = scenario.tree(bench);
      if (scenario.changing) changeOnePercent(source, scenario.files, 0);
      const basis = join(directory, 'basis');
      await runOrThrow({ argv: ['cp', '-a', source, basis] });
      const { remote, notes } = await reach(bench, scenario.distant ?? false);
      const linked = scenario.files - (scenario.changing ? onePercentOf(scenario.files) : 0);
      const race = { bench, directory, source, basis, remote, linked };
      return {
        notes,
        beforeRound: (round) => {
          if (scenario.changing) changeOnePercent(source, scenario.files, round + 1);
        },
        contestants: [
          ours(scenario, race),
          ...rsyncs(scenario, race),
          ...(scenario.floor
            ? [
                treeMaker('floor: cp -al', directory, basis, (to) => ({ argv: ['cp', '-al', basis, to] }), {
                  linked: scenario.files,
                }),
              ]
            : []),
        ],
      };
    },
  };
}

interface Race {
  readonly bench: Bench;
  readonly directory: string;
  readonly source: string;
  readonly basis: string;
  readonly remote: Remote;
  /** Files that must be hard links in the end. */
  readonly linked: number;
}

/** Snapshots pile up in the repository: each run's basis is the one before. */
function ours(scenario: SnapshotScenario, { bench, directory, source, remote, linked }: Race): Contestant {
  if (bench.ours.absent !== undefined) return { name: OURS, absent: bench.ours.absent };
  const repository = join(directory, 'repository');
  const from = scenario.way === 'pull' ? bench.ours.url(remote, `${source}/`) : `${source}/`;
  const to = scenario.way === 'push' ? bench.ours.url(remote, repository) : repository;
  const snapshot = (...options: string[]) =>
    scenario.way === 'local'
      ? bench.ours.command('snapshot', ...options, from, to)
      : bench.ours.over(remote, 'snapshot', ...options, from, to);
  return {
    name: OURS,
    prepare: async () => {
      mkdirSync(repository);
      await runOrThrow(snapshot());
    },
    command: () => snapshot(...(scenario.checksum ? ['--checksum'] : [])),
    check: () => {
      const newest = readdirSync(repository)
        .filter((name) => /^\d{8}T\d{6}/.test(name))
        .sort()
        .at(-1);
      return newest === undefined
        ? ['there is no snapshot']
        : checkTree(source, join(repository, newest), { linked });
    },
  };
}

function rsyncs(
  scenario: SnapshotScenario,
  { bench, directory, source, basis, remote, linked }: Race,
): Contestant[] {
  const options = [scenario.checksum ? '-ac' : '-a', `--link-dest=${basis}`];
  if (scenario.way === 'local') {
    const command = (to: string) => rsync(...options, `${source}/`, `${to}/`);
    return [rival(RSYNC_LOCAL, ['rsync'], (name) => treeMaker(name, directory, source, command, { linked }))];
  }
  const over = (cipher?: string) => (to: string) =>
    scenario.way === 'pull'
      ? rsyncOverSsh(remote, cipher, ...options, `:${source}/`, `${to}/`)
      : rsyncOverSsh(remote, cipher, ...options, `${source}/`, `:${to}/`);
  return [
    rival(RSYNC, ['rsync', 'ssh'], (name) => treeMaker(name, directory, source, over(), { linked })),
    rival(RSYNC_OUR_CIPHER, ['rsync', 'ssh'], (name) =>
      treeMaker(name, directory, source, over(bench.ourCipher), { linked }),
    ),
  ];
}
