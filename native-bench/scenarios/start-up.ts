import { OURS } from '../ours.ts';
import type { Scenario } from '../scenario.ts';

const NODE = 'node -e 0';

/** How long it takes to come to life, beside the runtime alone. */
export const versionScenario: Scenario = {
  names: ['k-version'],
  title: '`--version`',
  rounds: 25,
  targets: [{ kind: 'above', against: NODE, milliseconds: 25 }],
  prepare: async ({ ours }) => ({
    contestants: [
      ours.absent === undefined
        ? { name: OURS, command: () => ours.command('--version'), check: () => [] }
        : { name: OURS, absent: ours.absent },
      { name: NODE, command: () => ({ argv: [process.execPath, '-e', '0'] }), check: () => [] },
    ],
  }),
};
