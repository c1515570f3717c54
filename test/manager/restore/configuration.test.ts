import { describe, expect, it } from 'vitest';
import { makeSafe, settingLine } from '../../../src/manager/restore/configuration-file.ts';
import {
  isPointInTime,
  type RecoveryWishes,
  recoverySettings,
  signalFile,
} from '../../../src/manager/restore/recovery-settings.ts';

const nothingThere = (): boolean => false;

describe('a configuration file', () => {
  it('sends no WAL to where the first server does, and stops at no old target', () => {
    const text = [
      '# archive_command = comment',
      "archive_command = 'cp %p /archive/%f' # old",
      "ARCHIVE_LIBRARY 'basic_archive'",
      "recovery_target_time'2020-01-01'",
      "recovery_end_command = 'rm -fr /elsewhere'",
      'port = 5432',
      '',
    ].join('\n');
    const { text: safe, changes, warnings } = makeSafe(text, 'postgresql.conf', nothingThere);
    expect(safe.split('\n')).toEqual([
      '# archive_command = comment',
      "#BARMAN#archive_command = 'cp %p /archive/%f' # old",
      'archive_command = false',
      "#BARMAN#ARCHIVE_LIBRARY 'basic_archive'",
      "archive_library = ''",
      "#BARMAN#recovery_target_time'2020-01-01'",
      "#BARMAN#recovery_end_command = 'rm -fr /elsewhere'",
      'port = 5432',
      '',
    ]);
    expect(changes.map(({ line, name, value }) => [line, name, value])).toEqual([
      [2, 'archive_command', 'false'],
      [3, 'archive_library', "''"],
      [4, 'recovery_target_time', '2020-01-01'],
      [5, 'recovery_end_command', 'rm -fr /elsewhere'],
    ]);
    expect(warnings).toEqual([]);
  });

  it('leads to the files that came with the backup, and warns of others', () => {
    const text =
      "data_directory = '/var/lib/x'\nhba_file = '/etc/pg_hba.conf'\nident_file = '/etc/pg_ident.conf'\ninclude_dir 'conf.d'";
    const {
      text: safe,
      changes,
      warnings,
    } = makeSafe(text, 'postgresql.conf', (name) => name === 'pg_hba.conf');
    expect(safe).toBe(
      "#BARMAN#data_directory = '/var/lib/x'\n#BARMAN#hba_file = '/etc/pg_hba.conf'\nident_file = '/etc/pg_ident.conf'\ninclude_dir 'conf.d'",
    );
    expect(changes).toHaveLength(2);
    expect(warnings.map(({ name }) => name)).toEqual(['ident_file', 'include_dir']);
  });

  it('quotes values', () => {
    expect(settingLine('a', "it's \\ here")).toBe("a = 'it''s \\\\ here'");
  });
});

describe('recovery settings', () => {
  const plain: RecoveryWishes = {
    target: { kind: 'end' },
    exclusive: false,
    timelineWish: undefined,
    timeline: 1,
    action: undefined,
    standby: false,
    walDirectory: undefined,
    restoreCommand: undefined,
  };

  it('are not needed where a server just starts', () => {
    expect(recoverySettings(plain)).toEqual([]);
    expect(signalFile(plain)).toBeUndefined();
    expect(isPointInTime(plain)).toBe(false);
  });

  it('say where to stop, with the zone of the time', () => {
    const time = { epoch: 1_795_360_667_250_000, offset: 60 };
    const wishes: RecoveryWishes = {
      ...plain,
      target: { kind: 'time', time },
      exclusive: true,
      action: 'promote',
      walDirectory: "/srv/it's here/barman_wal",
    };
    expect(signalFile(wishes)).toBe('recovery.signal');
    expect(recoverySettings(wishes)).toEqual([
      "restore_command = 'cp ''/srv/it''\\\\''''s here/barman_wal''/%f %p'",
      "recovery_end_command = 'rm -fr ''/srv/it''\\\\''''s here/barman_wal'''",
      "recovery_target_time = '2026-11-22 16:17:47.250000+01:00'",
      "recovery_target_inclusive = 'false'",
      "recovery_target_timeline = '1'",
      "recovery_target_action = 'promote'",
    ]);
  });

  it('let a standby follow its primary, unless it has a target', () => {
    expect(signalFile({ ...plain, standby: true })).toBe('standby.signal');
    expect(recoverySettings({ ...plain, standby: true })).toEqual(["recovery_target_timeline = 'latest'"]);
    const stopped: RecoveryWishes = {
      ...plain,
      standby: true,
      timeline: 3,
      target: { kind: 'lsn', lsn: 0x3000060n },
    };
    expect(recoverySettings(stopped)).toEqual([
      "recovery_target_lsn = '0/3000060'",
      "recovery_target_timeline = '3'",
    ]);
  });

  it('fetch WAL by a command that is given', () => {
    const wishes: RecoveryWishes = { ...plain, restoreCommand: 'cellarman wal-restore -P host:/srv %f %p' };
    expect(signalFile(wishes)).toBe('recovery.signal');
    expect(recoverySettings(wishes)[0]).toBe("restore_command = 'cellarman wal-restore -P host:/srv %f %p'");
  });
});
