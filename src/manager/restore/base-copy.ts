import type { BandwidthShare } from '../../sync/bandwidth.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { RelPath } from '../../sync/entry.ts';
import type { Filter } from '../../sync/filter.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import type { Tally } from '../../sync/tally.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure } from '../../system/errors.ts';
import { DATA, manifestOf } from '../backup/own-files.ts';
import { isCopied } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { ContentCheck } from './content-check.ts';
import { copyTree } from './copy-tree.ts';
import type { OpenPlace } from './destination.ts';
import type { RestoreEvent } from './events.ts';
import type { RestorePlan } from './plan-restore.ts';
import { type Repaired, repair } from './repair.ts';
import { dataFilter, isNotCopied, tablespaceFilter } from './selection.ts';

export interface BaseOrder {
  readonly plan: RestorePlan;
  readonly layout: Layout;
  readonly data: OpenPlace;
  /** By oid, sorted as text. */
  readonly tablespaces: ReadonlyMap<string, OpenPlace>;
  readonly jobs: number;
  readonly bandwidth: BandwidthShare | undefined;
  readonly syncEach: boolean;
  /** What stands may be judged by its size and time. */
  readonly trustStanding: boolean;
  readonly tally: Tally;
  readonly onEvent: (event: RestoreEvent) => void;
  readonly signal: AbortSignal;
}

/** The files of a backup on their way into the destination, held against its manifest, and mended where they can be. */
export class BaseCopy {
  readonly #order: BaseOrder;
  readonly #problems: { readonly path: RelPath; readonly error: CellarmanError }[] = [];
  #part: RelPath = ROOT;

  constructor(order: BaseOrder) {
    this.#order = order;
  }

  /** Something is wrong with one file; it is no problem where another backup has it. */
  problem(path: RelPath, error: CellarmanError): void {
    this.#problems.push({ path: joinPath(this.#part, path), error });
  }

  /** BACKUP_DAMAGED, and the first problem of a single file that could not be mended. */
  async run(): Promise<readonly Repaired[]> {
    const { plan, layout, data, tablespaces } = this.#order;
    const { examined, hasManifest } = plan;
    const { id } = examined.backup;
    const check = hasManifest ? await this.#openCheck(id) : undefined;
    try {
      for (const [oid, place] of tablespaces) {
        const source = fromText(layout.tablespace(id, Number(oid)));
        const own = new Set<string>((await localEndpoint(source).list(ROOT)).map(({ name }) => name));
        await this.#copyPart(byteString(oid), source, place, tablespaceFilter(own), check);
      }
      const inside = `${data.path}/`;
      const located = [...tablespaces.values()].flatMap(({ path }) =>
        path.startsWith(inside) ? byteString(path.slice(inside.length)) : [],
      );
      await this.#copyPart(DATA, fromText(layout.data(id)), data, dataFilter(located), check);
      await check?.end();
    } finally {
      await check?.close();
    }
    const repaired = check === undefined ? [] : await this.#repair(check);
    const mended = new Set<string>(repaired.map(({ path }) => path));
    const problem = this.#problems.find(({ path }) => !mended.has(path));
    if (problem !== undefined) throw problem.error;
    return repaired;
  }

  async #openCheck(id: string): Promise<ContentCheck> {
    const manifest = await readManifest(localEndpoint(fromText(this.#order.layout.base)), manifestOf(id));
    const inside = `${DATA}/`;
    return new ContentCheck(
      manifest,
      (path) => path.startsWith(inside) && isNotCopied(byteString(path.slice(inside.length))),
    );
  }

  async #copyPart(
    part: RelPath,
    source: ByteString,
    place: OpenPlace,
    filter: Filter,
    check: ContentCheck | undefined,
  ): Promise<void> {
    const { plan, jobs, bandwidth, syncEach, trustStanding, tally, signal } = this.#order;
    const { standing } = plan;
    this.#part = part;
    await copyTree({
      source,
      place,
      filter,
      replace: standing.kind !== 'nothing',
      checksum: standing.kind !== 'nothing' && !trustStanding,
      syncEach,
      record:
        check === undefined
          ? undefined
          : (listing) => check.compare(joinPath(part, listing.path), listing.entries),
      jobs,
      bandwidth,
      tally,
      signal,
    });
  }

  async #repair({ damaged }: ContentCheck): Promise<readonly Repaired[]> {
    if (damaged.length === 0) return [];
    const { plan, layout, data, tablespaces, onEvent } = this.#order;
    const { examined, backups } = plan;
    for (const { path } of damaged) onEvent({ type: 'damaged', path });
    const { id } = examined.backup;
    const others = backups
      .filter((backup) => backup.id !== id && isCopied(backup))
      .map((backup) => backup.id);
    const { repaired, lost } = await repair(layout, others.reverse(), damaged, (path) => {
      const [part = ''] = path.split('/', 1);
      const { endpoint } = tablespaces.get(part) ?? data;
      return { endpoint, path: byteString(path.slice(part.length + 1)) };
    });
    for (const one of repaired) onEvent({ type: 'repaired', repaired: one });
    if (lost.length === 0) return repaired;
    const paths = lost.map(({ path }) => toText(path)).join(', ');
    throw failure('BACKUP_DAMAGED', { id, count: lost.length, paths });
  }
}
