import { setTimeout } from 'node:timers/promises';
import { failure, isFailure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { Log } from '../log.ts';
import type { HookEnvironment } from './environment.ts';
import { runScript } from './run-script.ts';

export type HookAction = 'backup' | 'archive' | 'delete' | 'wal_delete' | 'recovery';

/** What the scripts of all servers share. */
export interface HookSite {
  /** The main file of the configuration. */
  readonly mainFile: string;
  readonly log: Log;
}

export interface RetryPace {
  /** Attempts in a row. */
  readonly attempts: number;
  /** Milliseconds between two of them, and between two rows. */
  readonly pause: number;
  readonly rest: number;
}

const BARMAN_PACE: RetryPace = { attempts: 5, pause: 3000, rest: 60_000 };

/** The Barman whose hooks these are: scripts ask for its version, not for ours. */
const BARMAN_VERSION = '3.17.0';

/** What a retry script ends with to be left alone, and to stop what it was run for. */
const CONTINUE = 62;
const STOP = 63;

/**
 * The scripts of a server, before and after the work. Plain ones are run once, and their status is only logged. Retry
 * scripts are run until they end with 0, or with 62 (leave it), or with 63 (stop the work; ignored afterwards, when it is
 * done): five times, three seconds apart, then after a minute's rest again, without end, as Barman does.
 */
export class Hooks {
  readonly #server: Pick<ServerConfig, 'name' | 'options'>;
  readonly #site: HookSite;
  readonly #pace: RetryPace;

  constructor(server: Pick<ServerConfig, 'name' | 'options'>, site: HookSite, pace = BARMAN_PACE) {
    this.#server = server;
    this.#site = site;
    this.#pace = pace;
  }

  /** Whether any script is configured around this. */
  has(action: HookAction): boolean {
    const { options } = this.#server;
    return (['pre', 'post'] as const).some(
      (phase) =>
        options[`${phase}_${action}_script`] !== null || options[`${phase}_${action}_retry_script`] !== null,
    );
  }

  /** The plain script, then the retry script. @throws HOOK_STOPPED, ABORTED */
  async before(action: HookAction, environment: HookEnvironment, signal?: AbortSignal): Promise<void> {
    await this.#once('pre', action, environment, '', signal);
    await this.#untilDone('pre', action, environment, '', signal);
  }

  /**
   * The retry script, then the plain script, whether the work went well or not.
   * @param problem why it did not; for people. @throws ABORTED
   */
  async after(
    action: HookAction,
    environment: HookEnvironment,
    problem?: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    const text = problem instanceof Error ? problem.message : '';
    try {
      await this.#untilDone('post', action, environment, text, signal);
    } catch (error) {
      if (!isFailure(error, 'HOOK_STOPPED')) throw error;
      this.#site.log.warning(`${error.message}; what it was run for is done already`);
    }
    await this.#once('post', action, environment, text, signal);
  }

  async #once(
    phase: 'pre' | 'post',
    action: HookAction,
    environment: HookEnvironment,
    problem: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const key = `${phase}_${action}_script` as const;
    const line = this.#server.options[key];
    if (line === null) return;
    const all = { ...environment, ...this.#common(phase, `${action}_script`, problem) };
    await this.#attempt(key, line, all, signal);
  }

  async #untilDone(
    phase: 'pre' | 'post',
    action: HookAction,
    environment: HookEnvironment,
    problem: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const key = `${phase}_${action}_retry_script` as const;
    const line = this.#server.options[key];
    if (line === null) return;
    const all = { ...environment, ...this.#common(phase, `${action}_retry_script`, problem) };
    for (let attempt = 1; ; attempt += 1) {
      const status = await this.#attempt(key, line, all, signal);
      if (status === 0 || status === CONTINUE) return;
      if (status === STOP) throw failure('HOOK_STOPPED', { script: key });
      const { attempts, pause, rest } = this.#pace;
      await sleep(attempt % attempts === 0 ? rest : pause, signal);
    }
  }

  async #attempt(
    key: string,
    line: string,
    environment: HookEnvironment,
    signal: AbortSignal | undefined,
  ): Promise<number | null> {
    const { status, output } = await runScript(line, environment, signal);
    const { log } = this.#site;
    const said = output.trim() === '' ? '' : `\n${output.trimEnd()}`;
    if (status === 0) log.debug(`${key} ended with status 0${said}`);
    else log.warning(`${key} ended with ${status === null ? 'no status' : `status ${status}`}${said}`);
    return status;
  }

  #common(phase: string, hook: string, problem: string): HookEnvironment {
    return {
      BARMAN_VERSION,
      BARMAN_SERVER: this.#server.name,
      BARMAN_CONFIGURATION: this.#site.mainFile,
      BARMAN_HOOK: hook,
      BARMAN_RETRY: hook.endsWith('_retry_script') ? '1' : '0',
      BARMAN_PHASE: phase,
      BARMAN_ERROR: problem,
    };
  }
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, signal ? { signal } : {});
  } catch (error) {
    throw failure('ABORTED', undefined, error);
  }
}
