import { shellCommand } from '../grammar.ts';
import { type Option, optional } from '../option.ts';

type Hook =
  `${'pre' | 'post'}_${'archive' | 'backup' | 'delete' | 'recovery' | 'wal_delete'}_${'' | 'retry_'}script`;

const script = (about: string): Option<string | null> => ({
  ...optional('both', shellCommand, about),
  model: false,
});

const pair = (
  phase: 'pre' | 'post',
  action: string,
  when: string,
): Record<string, Option<string | null>> => ({
  [`${phase}_${action}_script`]: script(`Run ${when}; its exit status is only logged.`),
  [`${phase}_${action}_retry_script`]: script(
    `Run ${when} until it exits with 0, with 62 (go on all the same) or with 63 (${phase === 'pre' ? 'give up' : 'go on all the same'}).`,
  ),
});

/** Commands run around the work, with Barman's environment. */
export const hookOptions = {
  ...pair('pre', 'archive', 'before a WAL file is archived'),
  ...pair('post', 'archive', 'after a WAL file was archived'),
  ...pair('pre', 'backup', 'before a backup'),
  ...pair('post', 'backup', 'after a backup, also a failed one'),
  ...pair('pre', 'delete', 'before a backup is deleted'),
  ...pair('post', 'delete', 'after a backup was deleted'),
  ...pair('pre', 'recovery', 'before a restore'),
  ...pair('post', 'recovery', 'after a restore'),
  ...pair('pre', 'wal_delete', 'before a WAL file is deleted'),
  ...pair('post', 'wal_delete', 'after a WAL file was deleted'),
  // The keys are built from the same words as the type.
} as Readonly<Record<Hook, Option<string | null>>>;
