import { access } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { CipherAlgorithm } from 'ssh2';
import { failure } from '../system/errors.ts';
import { chooseCiphers } from './ciphers.ts';
import { knownHostName } from './known-hosts.ts';
import type { RemoteLocation } from './location.ts';
import { expandPath, type TokenFacts } from './path-tokens.ts';
import type { ReachOptions } from './reach-options.ts';
import { configFileOf, withArguments } from './ssh-arguments.ts';
import { readSshConfig } from './ssh-config-file.ts';
import { askSsh, type Keywords } from './ssh-keywords.ts';

/** All that the ssh2 transport needs to reach a host, as plain data, so that any thread can connect without asking again. */
export interface HostSettings {
  /** For people: `user@host`, with the port where it is not 22. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The host's name in known_hosts. */
  readonly keyName: string;
  readonly knownHostsFiles: readonly string[];
  /** In order of preference, by OpenSSH's names; empty: no preference. */
  readonly hostKeyAlgorithms: readonly string[];
  /** In order of preference. */
  readonly ciphers: readonly CipherAlgorithm[];
  readonly identityFiles: readonly string[];
  /** Offer only those keys of the agent that belong to an identity file. */
  readonly identitiesOnly: boolean;
  readonly agentSocket?: string;
  readonly passwordFile?: string;
  /** Seconds for the connection to be made, and again for the login. */
  readonly connectTimeout: number;
  /** Seconds between signs of life that are asked for. */
  readonly aliveInterval: number;
  /** Seconds without a byte from the host after which the connection counts as lost. */
  readonly silenceLimit: number;
  /** Settings of the host that only an SSH command can follow, for the error text of a refused login. */
  readonly notes: readonly string[];
}

/**
 * Settings of a host from `ssh -G` where there is an `ssh`, else from `~/.ssh/config`; what the options give stands
 * before them. UNSUPPORTED where they need what ssh2 cannot do.
 */
export async function resolveHostSettings(
  location: RemoteLocation,
  options: ReachOptions,
): Promise<HostSettings> {
  const { host, user, port } = location;
  const { sshArguments = [] } = options;
  const keywords =
    (await askSsh(host, user, port, sshArguments)) ??
    withArguments(await readSshConfig(configFileOf(sshArguments), host, user), sshArguments);
  const settings = hostSettings(keywords, location, options);
  await Promise.all((options.identityFiles ?? []).map(mustExist));
  return settings;
}

/** The pure part of `resolveHostSettings`. */
export function hostSettings(
  keywords: Keywords,
  location: RemoteLocation,
  options: ReachOptions,
): HostSettings {
  const first = (keyword: string): string | undefined => meant(keywords.get(keyword)?.[0]);
  const user = location.user ?? first('user') ?? userInfo().username;
  const port = location.port ?? Number(first('port') ?? 22);
  const address = first('hostname') ?? location.host;
  const keyName = first('hostkeyalias')?.toLowerCase() ?? knownHostName(address, port);
  const label = `${user}@${location.host}${port === 22 ? '' : `:${port}`}`;
  refuseImpossible(first, location.host);

  const facts: TokenFacts = { address, host: location.host, port, user, keyName };
  const files = (paths: readonly string[]): string[] =>
    paths.flatMap((path) => (meant(path) === undefined ? [] : (expandPath(path, facts) ?? [])));
  const all = (keyword: string, usual: string): string[] => files(words(keywords.get(keyword)?.[0] ?? usual));
  const agentSocket = agentOf(first('identityagent'), keywords.get('identityagent')?.[0], facts);
  const aliveInterval = Number(first('serveraliveinterval') ?? 0) || 15;
  return {
    label,
    address,
    port,
    user,
    keyName,
    knownHostsFiles: options.knownHostsFiles?.map((file) => resolve(file)) ?? [
      ...all('userknownhostsfile', '~/.ssh/known_hosts ~/.ssh/known_hosts2'),
      ...all('globalknownhostsfile', '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2'),
    ],
    hostKeyAlgorithms: list(first('hostkeyalgorithms')),
    ciphers: chooseCiphers(options.ciphers, list(first('ciphers')), location.host),
    identityFiles: [
      ...(options.identityFiles ?? []).map((file) => resolve(file)),
      ...files(keywords.get('identityfile') ?? DEFAULT_IDENTITIES),
    ],
    identitiesOnly: first('identitiesonly') === 'yes',
    ...(agentSocket === undefined ? {} : { agentSocket }),
    ...(options.passwordFile === undefined ? {} : { passwordFile: resolve(options.passwordFile) }),
    connectTimeout: Number(first('connecttimeout') ?? 0) || 30,
    aliveInterval,
    silenceLimit: aliveInterval * Number(first('serveralivecountmax') ?? 3),
    notes: notesOf(first),
  };
}

const DEFAULT_IDENTITIES = ['~/.ssh/id_rsa', '~/.ssh/id_ecdsa', '~/.ssh/id_ed25519'];

/** `none` is how ssh_config(5) says that nothing is meant. */
const meant = (value: string | undefined): string | undefined =>
  value === undefined || value === '' || value.toLowerCase() === 'none' ? undefined : value;

/** `+LIST`, `-LIST` and `^LIST` change a default that only `ssh -G`, which resolves them, knows. */
const list = (value: string | undefined): string[] =>
  value === undefined || /^[+^-]/.test(value) ? [] : value.split(',');

/** Absolute file names, separated by spaces that `ssh -G` does not tell from those inside a name. */
const words = (value: string): string[] => value.split(/ (?=[/~%$])/);

function agentOf(value: string | undefined, raw: string | undefined, facts: TokenFacts): string | undefined {
  if (raw !== undefined && value === undefined) return undefined;
  if (value === undefined || value === 'SSH_AUTH_SOCK') return process.env['SSH_AUTH_SOCK'] || undefined;
  if (value.startsWith('$') && !value.startsWith('${')) return process.env[value.slice(1)] || undefined;
  return expandPath(value, facts);
}

type First = (keyword: string) => string | undefined;

/** Without these the host is not reached, or less is checked than the user wants. */
function refuseImpossible(first: First, host: string): void {
  for (const [keyword, name] of [
    ['proxyjump', 'ProxyJump'],
    ['proxycommand', 'ProxyCommand'],
    ['revokedhostkeys', 'RevokedHostKeys'],
  ] as const) {
    if (first(keyword) === undefined) continue;
    const operation = `${name}, which the settings of ${host} ask for; use -e ssh`;
    throw failure('UNSUPPORTED', { operation, where: 'the built-in SSH client' });
  }
}

/** Without these a login may still succeed. */
function notesOf(first: First): string[] {
  return [
    ...(first('certificatefile') === undefined ? [] : ['CertificateFile']),
    ...(first('pkcs11provider') === undefined ? [] : ['PKCS11Provider']),
  ].map((name) => `${name} works with -e ssh only`);
}

async function mustExist(file: string): Promise<void> {
  try {
    await access(file);
  } catch (error) {
    throw failure('USAGE', { detail: `the identity file ${file} does not exist` }, error);
  }
}
