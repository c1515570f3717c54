import type { AnyAuthMethod, AuthenticationType, ParsedKey } from 'ssh2';
import { type CellarmanError, failure } from '../../system/errors.ts';
import type { HostSettings } from '../host-settings.ts';
import type { Identity } from './identities.ts';
import type { Ssh2 } from './ssh2-library.ts';

type Attempt = () => AnyAuthMethod | undefined;

/**
 * The ways to log in, in OpenSSH's order: keys of the agent (those of identity files first), identity files, password.
 * Nobody is ever asked for anything.
 */
export class Login {
  readonly #settings: HostSettings;
  readonly #identities: readonly Identity[];
  readonly #attempts: [method: AuthenticationType, attempt: Attempt][] = [];
  readonly #tried: string[] = [];
  readonly #inAgent = new Set<string>();
  readonly #hasPassword: boolean;
  #accepted: readonly string[] = [];

  constructor(ssh2: Ssh2, settings: HostSettings, identities: readonly Identity[], password?: string) {
    this.#settings = settings;
    this.#identities = identities;
    this.#hasPassword = password !== undefined;
    const username = settings.user;
    // It succeeds nowhere but tells which methods there are.
    this.#attempts.push(['none', () => ({ type: 'none', username })]);
    const { agentSocket } = settings;
    if (agentSocket !== undefined) {
      const agent = this.#agent(ssh2, agentSocket);
      this.#attempts.push(['publickey', () => ({ type: 'agent', username, agent })]);
    }
    for (const { path, privateKey } of identities) {
      if (privateKey === undefined) continue;
      this.#attempts.push(['publickey', () => this.#key(username, path, privateKey)]);
    }
    if (password === undefined) return;
    this.#attempts.push(['password', () => this.#note('password', { type: 'password', username, password })]);
    const prompt = (
      _name: string,
      _instructions: string,
      _language: string,
      prompts: readonly { echo?: boolean }[],
      answer: (answers: string[]) => void,
    ): void => answer(prompts.map(({ echo }) => (echo === true ? '' : password)));
    this.#attempts.push([
      'keyboard-interactive',
      () => this.#note('keyboard-interactive', { type: 'keyboard-interactive', username, prompt }),
    ]);
  }

  /** For ssh2's `authHandler`: the next attempt the host accepts, or false when there is none left. */
  next(accepted: readonly string[] | null): AnyAuthMethod | false {
    if (accepted !== null) this.#accepted = accepted;
    for (let entry = this.#attempts.shift(); entry !== undefined; entry = this.#attempts.shift()) {
      const [method, attempt] = entry;
      if (method !== 'none' && accepted !== null && !accepted.includes(method)) continue;
      const next = attempt();
      if (next !== undefined) return next;
    }
    return false;
  }

  refused(said?: string): CellarmanError {
    const unused = this.#identities.filter(({ publicKey, problem }) => {
      const viaAgent = publicKey !== undefined && this.#inAgent.has(publicKey.toString('base64'));
      return problem !== undefined && !viaAgent;
    });
    const tried = [
      this.#tried.join(', ') ||
        `nothing, for want of ${this.#hasPassword ? 'a key or an agent' : 'a key, an agent or a password file'}`,
      ...unused.map(({ problem }) => problem),
      ...this.#settings.notes,
      ...(this.#accepted.length === 0 ? [] : [`it accepts ${this.#accepted.join(', ')}`]),
      ...(said === undefined ? [] : [`it said: ${said}`]),
    ].join('; ');
    return failure('LOGIN_REFUSED', { host: this.#settings.label, user: this.#settings.user, tried });
  }

  #note<T>(name: string, value: T): T {
    this.#tried.push(name);
    return value;
  }

  #key(username: string, path: string, key: ParsedKey): AnyAuthMethod | undefined {
    if (this.#inAgent.has(key.getPublicSSH().toString('base64'))) return undefined;
    return this.#note(path, { type: 'publickey', username, key });
  }

  #agent(ssh2: Ssh2, socket: string): InstanceType<Ssh2['OpenSSHAgent']> {
    const select = (keys: readonly ParsedKey[]): ParsedKey[] => this.#select(keys);
    const note = (text: string): void => {
      this.#tried.push(text);
    };
    class SelectingAgent extends ssh2.OpenSSHAgent {
      override getIdentities(done: Parameters<InstanceType<Ssh2['OpenSSHAgent']>['getIdentities']>[0]): void {
        super.getIdentities((error, keys) => {
          if (error) note(`the agent (${error.message})`);
          // The declared type also has the forms other kinds of agent give; this kind has parsed them.
          done(error, keys === undefined ? undefined : select(keys as ParsedKey[]));
        });
      }
    }
    return new SelectingAgent(socket);
  }

  /** A server counts every key offered and hangs up after a few: those meant for this host go first. */
  #select(keys: readonly ParsedKey[]): ParsedKey[] {
    const meant = new Set(this.#identities.map(({ publicKey }) => publicKey?.toString('base64')));
    const isMeant = (key: ParsedKey): boolean => meant.has(key.getPublicSSH().toString('base64'));
    const others = this.#settings.identitiesOnly ? [] : keys.filter((key) => !isMeant(key));
    const selected = [...keys.filter(isMeant), ...others];
    for (const key of selected) this.#inAgent.add(key.getPublicSSH().toString('base64'));
    if (selected.length > 0)
      this.#tried.push(`${selected.length} key${selected.length === 1 ? '' : 's'} of the agent`);
    return selected;
  }
}
