import { type Location, parseLocation } from '../ssh/location.ts';
import type { ReachOptions } from '../ssh/reach-options.ts';
import type { ByteString } from '../system/byte-string.ts';
import type { CellarmanError } from '../system/errors.ts';
import { localSite } from './endpoints/local-site.ts';
import type { Site } from './endpoints/site.ts';

/** A location, and the machine it is on. */
export interface Sited {
  readonly text: string;
  readonly site: Site;
  readonly path: ByteString;
}

/** The machines of one run: each is reached once, however many locations lie on it. */
export class Sites implements AsyncDisposable {
  readonly #options: ReachOptions;
  readonly #signal: AbortSignal;
  readonly #onLost: (error: CellarmanError) => void;
  readonly #open = new Map<string, Promise<Site>>();

  constructor(options: ReachOptions, signal: AbortSignal, onLost: (error: CellarmanError) => void) {
    this.#options = options;
    this.#signal = signal;
    this.#onLost = onLost;
  }

  async at(text: string): Promise<Sited> {
    const location = parseLocation(text);
    const key =
      location.kind === 'local' ? '' : `${location.user ?? ''}@${location.host}:${location.port ?? ''}`;
    let site = this.#open.get(key);
    if (site === undefined) {
      site = this.#reach(location);
      this.#open.set(key, site);
    }
    return { text, site: await site, path: location.path };
  }

  async #reach(location: Location): Promise<Site> {
    if (location.kind === 'local') return localSite();
    const { remoteSite } = await import('./endpoints/remote-site.ts');
    return remoteSite(location, this.#options, this.#signal, this.#onLost);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const site of this.#open.values()) {
      await site.then((open) => open[Symbol.asyncDispose]()).catch(() => {});
    }
  }
}
