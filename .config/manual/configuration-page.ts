import type { Option, OptionTable } from '../../src/manager/config/option.ts';
import { GLOBAL_OPTIONS, OWN_OPTIONS, SERVER_OPTIONS } from '../../src/manager/config/options.ts';
import { showValue } from '../../src/manager/config/show.ts';
import { bold, head, literal, pageOf, paragraph, section, tagged } from './roff.ts';

/** The page of the configuration, made from the table that reads it. */
export function configurationPage(version: string): string {
  return pageOf([
    head('CELLARMAN.CONF', 5, version),
    section('NAME'),
    'cellarman.conf \\- configuration of the backup manager of cellarman\n',
    section('DESCRIPTION'),
    paragraph(
      'The backup manager reads the configuration of Barman: every option has the name and the meaning that it has there, and both programs may use the same file. It is the file named by --config, CELLARMAN_CONFIG_FILE or BARMAN_CONFIG_FILE, else the first of ~/.barman.conf, /etc/barman.conf and /etc/barman/barman.conf. The files NAME.conf in configuration_files_directory are read behind it.',
    ),
    paragraph(
      'A file has sections. [barman] holds what is for all servers; each other section is a server of that name, or a model where it says "model = true". A line "key = value" sets an option; lines that begin with # or ; are comments. A value that is not allowed is told and left out of account.',
    ),
    paragraph(
      'What Barman has no option for stands in files of its own, which Barman does not read; see below.',
    ),
    section('OPTIONS OF [barman]'),
    options(GLOBAL_OPTIONS),
    section('OPTIONS OF A SERVER'),
    paragraph('Those marked "also in [barman]" hold there for all servers that do not set them.'),
    options(SERVER_OPTIONS),
    section('OPTIONS IN cellarman.d'),
    paragraph(
      'These stand in cellarman.d/*.conf beside the main file: in a section of the name of the server, or in [cellarman] for all servers. None of them is needed.',
    ),
    options(OWN_OPTIONS),
    section('EXAMPLES'),
    literal([
      '[barman]',
      'barman_home = /var/lib/barman',
      'barman_user = barman',
      'log_file = /var/log/barman/barman.log',
      'archiver = on',
      'backup_method = rsync',
      'reuse_backup = link',
      '',
      '[main]',
      'ssh_command = ssh postgres@db1',
      'conninfo = host=db1 user=barman dbname=postgres',
      'retention_policy = RECOVERY WINDOW OF 7 days',
    ]),
    section('SEE ALSO'),
    `${bold('cellarman')}(1),\n${bold('cellarman-show-servers')}(1),\n${bold('cellarman-check')}(1)\n`,
  ]);
}

const options = (table: OptionTable): string =>
  Object.entries(table)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, option]) => tagged(bold(key), describe(option)))
    .join('');

function describe(option: Option<unknown>): string {
  const { about, grammar, scope, model, template, fallback } = option;
  const standard = template ?? (fallback === null ? 'none' : showValue(option, fallback));
  const places = [scope === 'both' && 'also in [barman]', model && 'also in a model'].filter(
    (place) => place,
  );
  return [
    about,
    `Allowed: ${grammar.allowed}.`,
    `Default: ${standard}${standard.endsWith('.') ? '' : '.'}`,
    ...(places.length > 0 ? [`May stand ${places.join(' and ')}.`] : []),
  ].join(' ');
}
