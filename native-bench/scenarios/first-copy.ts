import type { Bench } from '../bench.ts';
import type { Command } from '../measure.ts';
import { OURS } from '../ours.ts';
import {
  catOverSsh,
  downloadDir,
  RSYNC,
  RSYNC_LOCAL,
  RSYNC_OUR_CIPHER,
  rival,
  rsync,
  rsyncOverSsh,
  scp,
  sftp,
} from '../rivals.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import type { Remote } from '../sshd.ts';
import { reach, treeMaker } from './contestants.ts';

type Further = 'scp' | 'sftp' | 'ssh2-sftp-client' | 'cat' | 'cp';

export interface FirstCopyScenario extends Omit<Scenario, 'prepare'> {
  readonly tree: (bench: Bench) => string;
  /** `pull`: the source is the server's. `push`: the destination is. `local`: neither. */
  readonly way: 'pull' | 'push' | 'local';
  /** Through the relay. */
  readonly distant?: boolean;
  /** Rivals and floors beside rsync. */
  readonly further?: readonly Further[];
}

/** A tree is copied to where there is nothing yet. */
export function firstCopyScenario(scenario: FirstCopyScenario): Scenario {
  return {
    ...scenario,
    prepare: async (bench, directory) => {
      const source = scenario.tree(bench);
      const { remote, notes } = await reach(bench, scenario.distant ?? false);
      const removes = scenario.makesManyFiles !== true;
      const race = { bench, directory, source, remote, removes };
      return {
        notes,
        contestants: [
          ours(scenario, race),
          ...rsyncs(scenario, race),
          ...(scenario.further ?? []).map((name) => further(name, race)),
        ],
      };
    },
  };
}

interface Race {
  readonly bench: Bench;
  readonly directory: string;
  readonly source: string;
  readonly remote: Remote;
  /** See `treeMaker`. */
  readonly removes: boolean;
}

function ours(scenario: FirstCopyScenario, { bench, directory, source, remote, removes }: Race): Contestant {
  if (bench.ours.absent !== undefined) return { name: OURS, absent: bench.ours.absent };
  const command = (to: string): Command => {
    if (scenario.way === 'local') return bench.ours.command('sync', '-a', `${source}/`, `${to}/`);
    return scenario.way === 'pull'
      ? bench.ours.over(remote, 'sync', '-a', bench.ours.url(remote, `${source}/`), `${to}/`)
      : bench.ours.over(remote, 'sync', '-a', `${source}/`, bench.ours.url(remote, `${to}/`));
  };
  return treeMaker(OURS, directory, source, command, { removes });
}

function rsyncs(
  scenario: FirstCopyScenario,
  { bench, directory, source, remote, removes }: Race,
): Contestant[] {
  if (scenario.way === 'local') {
    const command = (to: string) => rsync('-a', `${source}/`, `${to}/`);
    return [
      rival(RSYNC_LOCAL, ['rsync'], (name) => treeMaker(name, directory, source, command, { removes })),
    ];
  }
  const over = (cipher?: string) => (to: string) =>
    scenario.way === 'pull'
      ? rsyncOverSsh(remote, cipher, '-a', `:${source}/`, `${to}/`)
      : rsyncOverSsh(remote, cipher, '-a', `${source}/`, `:${to}/`);
  return [
    rival(RSYNC, ['rsync', 'ssh'], (name) => treeMaker(name, directory, source, over(), { removes })),
    rival(RSYNC_OUR_CIPHER, ['rsync', 'ssh'], (name) =>
      treeMaker(name, directory, source, over(bench.ourCipher), { removes }),
    ),
  ];
}

function further(which: Further, { bench, directory, source, remote, removes }: Race): Contestant {
  switch (which) {
    case 'scp':
      return rival('scp -rp', ['scp'], (name) =>
        treeMaker(name, directory, source, (to) => scp(remote, source, to), { removes }),
      );
    case 'sftp':
      return rival('sftp -rp', ['sftp'], (name) =>
        treeMaker(name, directory, source, (to) => sftp(remote, source, to), { removes }),
      );
    case 'ssh2-sftp-client':
      return treeMaker('ssh2-sftp-client', directory, source, (to) => downloadDir(remote, source, to), {
        depth: 'content',
        removes,
      });
    case 'cat':
      return rival('floor: ssh cat, our cipher', ['ssh'], (name) => ({
        name,
        command: () => catOverSsh(remote, bench.ourCipher, source),
        check: () => [],
      }));
    case 'cp':
      return treeMaker('floor: cp -a', directory, source, (to) => ({ argv: ['cp', '-a', source, to] }), {
        removes,
      });
  }
}
