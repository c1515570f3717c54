/** What libpq knows of a connection parameter (its documentation, "Parameter Key Words", PostgreSQL 13 to 18). */
export interface Keyword {
  /** The environment variable that gives its default. */
  readonly variable?: string;
  /** Its value must not be shown. */
  readonly secret?: true;
  /** Why no value, or which values, can be honoured here: to ignore them would weaken what the user asked for. */
  readonly refused?: (value: string) => string | undefined;
}

const never =
  (remedy = '') =>
  (): string =>
    `is not supported${remedy}`;
const onlyNot =
  (...values: readonly string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? `=${value} is not supported` : undefined;
const oneOf =
  (...values: readonly string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `must be one of ${values.join(', ')}`;

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export const SESSION_ATTRIBUTES = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map(
  Object.entries<Keyword>({
    service: { variable: 'PGSERVICE' },
    user: { variable: 'PGUSER' },
    password: { variable: 'PGPASSWORD', secret: true },
    passfile: { variable: 'PGPASSFILE' },
    dbname: { variable: 'PGDATABASE' },
    host: { variable: 'PGHOST' },
    hostaddr: { variable: 'PGHOSTADDR' },
    port: { variable: 'PGPORT' },
    options: { variable: 'PGOPTIONS' },
    application_name: { variable: 'PGAPPNAME' },
    fallback_application_name: {},
    replication: {},
    connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
    target_session_attrs: { variable: 'PGTARGETSESSIONATTRS', refused: oneOf(...SESSION_ATTRIBUTES) },
    load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', refused: oneOf('disable', 'random') },
    keepalives: {},
    keepalives_idle: {},

    sslmode: { variable: 'PGSSLMODE', refused: oneOf(...SSL_MODES) },
    sslnegotiation: { variable: 'PGSSLNEGOTIATION', refused: oneOf('postgres', 'direct') },
    sslcert: { variable: 'PGSSLCERT' },
    sslkey: { variable: 'PGSSLKEY' },
    sslpassword: { secret: true },
    sslcertmode: { variable: 'PGSSLCERTMODE', refused: onlyNot('require') },
    sslrootcert: { variable: 'PGSSLROOTCERT' },
    sslcrl: { variable: 'PGSSLCRL' },
    sslcrldir: { variable: 'PGSSLCRLDIR', refused: never(': give one file as sslcrl') },
    sslsni: { variable: 'PGSSLSNI', refused: onlyNot('0') },
    ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION' },
    ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION' },
    sslkeylogfile: { refused: never() },

    channel_binding: { variable: 'PGCHANNELBINDING', refused: onlyNot('require') },
    require_auth: { variable: 'PGREQUIREAUTH', refused: never() },
    requirepeer: { variable: 'PGREQUIREPEER', refused: never() },
    gssencmode: { variable: 'PGGSSENCMODE', refused: onlyNot('require') },
    min_protocol_version: { variable: 'PGMINPROTOCOLVERSION', refused: onlyNot('3.2', 'latest') },
    scram_client_key: { secret: true, refused: never() },
    scram_server_key: { secret: true, refused: never() },
    oauth_issuer: { refused: never() },
    oauth_client_id: { refused: never() },
    oauth_client_secret: { secret: true, refused: never() },
    oauth_scope: { refused: never() },

    // Without effect here, and harmless so: the system's own settings apply, or there is nothing to choose.
    client_encoding: {},
    keepalives_interval: {},
    keepalives_count: {},
    tcp_user_timeout: {},
    sslcompression: {},
    krbsrvname: {},
    gsslib: {},
    gssdelegation: {},
    max_protocol_version: {},
    authtype: {},
    tty: {},
  }),
);
