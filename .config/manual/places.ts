type Entries = readonly (readonly [name: string, meaning: string])[];

/** Where the backup manager looks for its configuration. */
export const CONFIGURATION: Entries = [
  [
    'CELLARMAN_CONFIG_FILE',
    'The configuration file of the backup manager, where --config does not name one.',
  ],
  ['BARMAN_CONFIG_FILE', 'The same, where CELLARMAN_CONFIG_FILE is not set.'],
];

export const ENVIRONMENT: Entries = [
  ['SSH_AUTH_SOCK', 'The SSH agent whose keys are offered to hosts.'],
  ['HOME', 'The home directory, where ~/.ssh and ~/.barman.conf are.'],
];

export const FILES: Readonly<Record<'manager' | 'hosts', Entries>> = {
  manager: [
    [
      '~/.barman.conf, /etc/barman.conf, /etc/barman/barman.conf',
      'The configuration: the first of these that exists. See cellarman.conf(5).',
    ],
    ['~/.pgpass', 'Passwords of PostgreSQL, as libpq has them.'],
  ],
  hosts: [
    ['~/.ssh/config', 'How hosts are reached.'],
    ['~/.ssh/known_hosts', 'The keys of hosts. An unknown or changed one is refused.'],
  ],
};
