import { formatRetentionPolicy, parseRetentionPolicy, type RetentionPolicy } from '../../retention/policy.ts';
import { absolutePath, type Grammar, integer, oneOf, path, text } from '../grammar.ts';
import { option, optional } from '../option.ts';

const policy: Grammar<RetentionPolicy> = {
  allowed: '"REDUNDANCY n" or "RECOVERY WINDOW OF n DAYS|WEEKS|MONTHS"',
  empty: 'unset',
  parse: parseRetentionPolicy,
  show: formatRetentionPolicy,
};

/** How long backups are kept, and where restores work. */
export const retentionOptions = {
  retention_policy: {
    ...optional('both', policy, 'Backups the policy does not ask for are removed by cron.'),
    unsetWhenBad: true as const,
  },
  retention_policy_mode: option('both', oneOf('auto'), 'auto', 'The policy is always applied by cron.'),
  wal_retention_policy: option(
    'both',
    oneOf('main'),
    'main',
    'WAL is kept as long as a kept backup may need it.',
  ),
  minimum_redundancy: option(
    'both',
    integer('a whole number from 0'),
    0,
    'Number of backups that no policy and no delete goes below.',
  ),

  staging_path: optional('both', absolutePath, 'Directory for intermediate files of a restore.'),
  staging_location: option('both', oneOf('local', 'remote'), 'local', 'The side on which staging_path lies.'),
  combine_mode: option(
    'both',
    oneOf('copy', 'link', 'clone', 'copy-file-range'),
    'copy',
    'How files of block-incremental backups are put together.',
  ),
  local_staging_path: optional('both', path, 'Older name of staging_path on this host.'),
  recovery_staging_path: optional('both', text, 'Older name of staging_path on the host restored to.'),
};
