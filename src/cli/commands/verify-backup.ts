import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { testRestore } from '../../manager/verification/restore-test.ts';
import { verifyBackup } from '../../manager/verification/verify.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';
import { declareOptions, type OptionRow } from '../option-table.ts';
import { findingText, verificationJson, verificationText } from '../render/verification.ts';

const ABOUT = `
Reads every file of the backup once and compares it with the hashes that were taken when it was copied, with
backup_manifest where there is one, and with the checksums of its pages; reads the WAL from the backup's begin to its
end; looks whether backup_label and pg_control are of this backup. Works for backups that Barman made, too: they have no
hashes of their own, see generate-manifest.

--restore-test also restores it, starts a PostgreSQL from that which nobody else can reach, lets it recover to the first
consistent moment, has amcheck look at all indexes and tables, and runs the statements of --sql, in the database that
conninfo names: one that fails is a finding. It needs the server programs of the backup's major version, and room for the
whole cluster. Nothing is left of it.

The exit status is 1 when anything is wrong. show-backup shows the result from then on.

Examples:
    cellarman verify-backup main latest
    cellarman verify-backup main latest --restore-test --sql 'SELECT count(*) FROM orders'`;

interface Draft {
  restoreTest: boolean;
  scratch: string | undefined;
  pgBin: string | undefined;
  readonly sql: string[];
}

const OPTIONS: readonly OptionRow<Draft>[] = [
  {
    flags: '--restore-test',
    help: 'restore it into a scratch directory and start a server there',
    apply: (draft) => {
      draft.restoreTest = true;
    },
  },
  {
    flags: '--scratch <directory>',
    help: 'where that directory is made (default: staging_path, or where temporary files go)',
    apply: (draft, value) => {
      draft.scratch = value;
    },
  },
  {
    flags: '--pg-bin <directory>',
    help: 'where the server program for the restore test is',
    apply: (draft, value) => {
      draft.pgBin = value;
    },
  },
  {
    flags: '--sql <statement>',
    help: 'a statement that must succeed in the restore test; may be repeated',
    apply: (draft, value) => {
      draft.sql.push(value);
    },
  },
];

/** `cellarman verify-backup` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .addHelpText('after', ABOUT);
  const draft: Draft = { restoreTest: false, scratch: undefined, pgBin: undefined, sql: [] };
  declareOptions(command, OPTIONS, draft);
  command.action(async (name: string, designation: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages, signal } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const { options } = server;
      const catalogue = new Catalogue(server, configuration.global);
      const backup = findBackup((await catalogue.read()).backups, designation, name);
      const test = {
        server,
        catalogue,
        backup,
        directory: draft.scratch ?? options.staging_path ?? tmpdir(),
        programs: draft.pgBin,
        sql: draft.sql,
        onStep: (step: string) => messages.info(`Restore test: ${step}`),
        signal,
      };
      const result = await verifyBackup({
        catalogue,
        backup,
        compression: options,
        jobs: server.own.lanes ?? options.parallel_jobs,
        restoreTest: draft.restoreTest ? (tell) => testRestore(test, tell) : undefined,
        onFinding: (finding) => messages.error(findingText(finding)),
        signal,
      });
      messages.result(name, verificationJson(result));
      for (const line of verificationText(result)) messages.info(line);
    });
  });
}
