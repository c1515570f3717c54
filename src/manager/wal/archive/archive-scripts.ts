import { join } from 'node:path';
import { type CellarmanError, failure, isFailure } from '../../../system/errors.ts';
import { type HookEnvironment, walEnvironment } from '../../hooks/environment.ts';
import type { Hooks } from '../../hooks/hooks.ts';
import type { Compression } from '../compression/compression.ts';
import { entryOf, type Staged } from './staging.ts';

export interface Allowed {
  /** Those a script let pass, in their order. */
  readonly allowed: readonly string[];
  /** The first one it did not. */
  readonly stopped?: { readonly name: string; readonly error: CellarmanError };
}

/** The scripts around the archiving of single files. They see one file at a time: nobody wrote them for several. */
export class ArchiveScripts {
  readonly #hooks: Hooks;
  readonly #compression: Compression;
  readonly #signal: AbortSignal | undefined;
  /** What the scripts before a file were told. */
  readonly #told = new Map<string, HookEnvironment>();

  constructor(hooks: Hooks, compression: Compression, signal: AbortSignal | undefined) {
    this.#hooks = hooks;
    this.#compression = compression;
    this.#signal = signal;
  }

  /** @throws ABORTED, errnos */
  async before(names: readonly string[], directory: string): Promise<Allowed> {
    if (!this.#hooks.has('archive')) return { allowed: names };
    for (const [at, name] of names.entries()) {
      const path = join(directory, name);
      const environment = walEnvironment(
        await entryOf(name, path, await this.#compression.formatOf(path).catch(unlessEncrypted)),
        path,
      );
      this.#told.set(name, environment);
      try {
        await this.#hooks.before('archive', environment, this.#signal);
      } catch (error) {
        if (!isFailure(error, 'HOOK_STOPPED')) throw error;
        return { allowed: names.slice(0, at), stopped: { name, error } };
      }
    }
    return { allowed: names };
  }

  /** @param staged what went into the archive, or why nothing did. @throws ABORTED */
  async after(name: string, outcome: Staged | CellarmanError | 'present'): Promise<void> {
    const before = this.#told.get(name);
    if (before === undefined) return;
    this.#told.delete(name);
    const archived = typeof outcome === 'object' && 'target' in outcome;
    const environment = archived ? walEnvironment(outcome.entry, outcome.target) : before;
    const problem = outcome === 'present' ? failure('EXISTS', { path: name }) : outcome;
    await this.#hooks.after('archive', environment, archived ? undefined : problem, this.#signal);
  }
}

/** Such a file is refused in its turn. */
function unlessEncrypted(error: unknown): null {
  if (isFailure(error, 'WAL_ENCRYPTED')) return null;
  throw error;
}
