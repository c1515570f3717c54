import { expect, it } from 'vitest';
import { documentOptions } from '../../../src/manager/config/documentation.ts';
import { GLOBAL_OPTIONS, OWN_OPTIONS, SERVER_OPTIONS } from '../../../src/manager/config/options.ts';

it('documents every option with what is allowed and what holds without it', () => {
  const text = documentOptions();
  const tables = [GLOBAL_OPTIONS, SERVER_OPTIONS, OWN_OPTIONS];
  expect(text.match(/^\| `/gm)).toHaveLength(tables.flatMap((table) => Object.keys(table)).length);
  expect(text).toContain(
    '| `check_timeout` | GM | a whole number of seconds, 0 for no limit | `30` | Longest time of a check. |',
  );
  expect(text).toContain('| `wals_directory` |  | a path | `<backup_directory>/wals` | The WAL archive. |');
});
