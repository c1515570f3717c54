import type { ChecksumAlgorithm } from '../../postgres/backup-manifest/types.ts';
import type { ControlFile } from '../../postgres/control-file.ts';
import { formatLsn, parseLsn } from '../../postgres/lsn.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import type { RecordedEntry } from '../../sync/manifest/record.ts';
import { ManifestCursor } from '../../sync/manifest-cursor.ts';
import { joinPath, nameOf, ROOT } from '../../sync/path.ts';
import { isWithin } from '../../sync/resolve.ts';
import { byteString, fromText, toText } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import { parseMadeLast } from '../backup/made-last.ts';
import { BACKUP_MANIFEST, isOutsideManifest } from '../backup-manifest/manifest-path.ts';
import { type ManifestContent, readManifestOf } from '../backup-manifest/read.ts';
import type { Backup } from '../catalogue/backup.ts';
import { clusterPath } from '../page-inspection/cluster-path.ts';
import { type FileReading, readTree, type TreeListing, walkTree } from '../page-inspection/read-tree.ts';
import { readFile } from '../read-file.ts';
import type { Findings } from './findings.ts';
import type { SuspectPages } from './suspect-pages.ts';

export interface FilesQuestion {
  /** The backup's directory. */
  readonly tree: Endpoint;
  readonly spec: EndpointSpec;
  readonly backup: Pick<Backup, 'fields'>;
  /** Undefined where it cannot be read: nobody knows then how pages are laid out. */
  readonly control: ControlFile | undefined;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

export interface ExaminedFiles {
  /** How many were checked; undefined where pages have no checksums, or nobody knows. */
  readonly pages: number | undefined;
}

/** Of the copy, in the form of a snapshot's; backups that Barman made have none. */
const OWN_MANIFEST: RelPath = byteString('.cellarman/manifest.gz');
/** What that one does not have; 0.2.0 kept no such list. */
const MADE_LAST: RelPath = byteString('.cellarman/made-last.json');

/** Who examines the cluster says when they are missing. */
const OF_CLUSTER: readonly RelPath[] = ['data/global/pg_control', 'data/backup_label'].map(byteString);

/**
 * Reads every file of a backup once, and compares it with what is known: the manifest of the copy, PostgreSQL's manifest,
 * the checksums of its pages. Damaged pages go to `suspects`: WAL may make them good.
 */
export async function examineFiles(
  question: FilesQuestion,
  findings: Findings,
  suspects: SuspectPages,
): Promise<ExaminedFiles> {
  const own = await openOwn(question.tree, findings);
  try {
    const theirs = await readTheirs(question, findings);
    const madeLast = await readMadeLast(question.tree, findings);
    return await new Examination(question, findings, suspects, own, theirs, madeLast).run();
  } finally {
    await own?.close();
  }
}

async function openOwn(tree: Endpoint, findings: Findings): Promise<ManifestCursor | undefined> {
  if ((await tree.lookup(OWN_MANIFEST)) === undefined) return undefined;
  try {
    return new ManifestCursor(await readManifest(tree, OWN_MANIFEST));
  } catch (error) {
    if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED')) throw error;
    findings.add('files', toText(OWN_MANIFEST), error.message);
    return undefined;
  }
}

async function readMadeLast(tree: Endpoint, findings: Findings): Promise<ReadonlySet<RelPath> | undefined> {
  if ((await tree.lookup(MADE_LAST)) === undefined) return undefined;
  try {
    return parseMadeLast(await readFile(tree, MADE_LAST), toText(MADE_LAST));
  } catch (error) {
    if (!isFailure(error, 'MANIFEST_DAMAGED')) throw error;
    findings.add('files', toText(MADE_LAST), error.message);
    return undefined;
  }
}

async function readTheirs(
  { tree, control }: FilesQuestion,
  findings: Findings,
): Promise<ManifestContent | undefined> {
  try {
    const content = await readManifestOf(tree);
    const id = content?.header.systemIdentifier;
    if (id !== undefined && control !== undefined && id !== control.systemIdentifier) {
      const detail = `is of the cluster ${id}, not of ${control.systemIdentifier}`;
      findings.add('backup_manifest', toText(BACKUP_MANIFEST), detail);
    }
    return content;
  } catch (error) {
    if (!isFailure(error, 'BACKUP_MANIFEST')) throw error;
    findings.add('backup_manifest', toText(BACKUP_MANIFEST), error.message);
    return undefined;
  }
}

interface Expected {
  readonly recorded: RecordedEntry | undefined;
}

class Examination {
  readonly #question: FilesQuestion;
  readonly #findings: Findings;
  readonly #suspects: SuspectPages;
  #own: ManifestCursor | undefined;
  readonly #hadOwn: boolean;
  readonly #theirs: ManifestContent | undefined;
  readonly #madeLast: ReadonlySet<RelPath> | undefined;
  /** Of what was made last, what was not met yet. */
  readonly #unmetLast: Set<RelPath>;
  /** Of PostgreSQL's manifest, what was not met yet. */
  readonly #unmet: Map<string, { readonly size: number }>;
  readonly #end: bigint | undefined;
  readonly #replaced: ReadonlySet<RelPath>;
  #files = 0;
  #bytes = 0;
  #pages = 0;

  constructor(
    question: FilesQuestion,
    findings: Findings,
    suspects: SuspectPages,
    own: ManifestCursor | undefined,
    theirs: ManifestContent | undefined,
    madeLast: ReadonlySet<RelPath> | undefined,
  ) {
    this.#question = question;
    this.#findings = findings;
    this.#suspects = suspects;
    this.#own = own;
    this.#hadOwn = own !== undefined;
    this.#theirs = theirs;
    this.#madeLast = madeLast;
    this.#unmet = new Map(theirs?.files);
    this.#unmetLast = new Set(madeLast);
    for (const path of OF_CLUSTER) this.#unmetLast.delete(path);
    const { end_xlog: end } = question.backup.fields;
    this.#end = end === null ? undefined : parseLsn(end);
    this.#replaced = configurationFromElsewhere(question.backup);
  }

  async run(): Promise<ExaminedFiles> {
    const { tree, spec, control, jobs, signal } = this.#question;
    const pages = control === undefined || control.checksumVersion === 0 ? undefined : control;
    await readTree<Expected>(
      { tree, spec, inspection: { pages, algorithms: this.#algorithms() }, jobs, signal },
      walkTree(tree, ROOT, isOfCluster),
      (listing) => this.#choose(listing),
      (path, entry, reading, { recorded }) => this.#judge(path, entry, reading, recorded),
    );
    await this.#guarded(async (own) => own.end());
    for (const path of this.#unmetLast) this.#findings.add('files', toText(path), 'is missing');
    for (const path of this.#unmet.keys()) {
      if (!isOutsideManifest(path)) this.#findings.add('backup_manifest', path, 'is missing');
    }
    this.#tell();
    return { pages: pages === undefined ? undefined : this.#pages };
  }

  #algorithms(): ChecksumAlgorithm[] {
    const used = new Set<ChecksumAlgorithm>();
    for (const { checksum } of this.#theirs?.files.values() ?? []) if (checksum) used.add(checksum.algorithm);
    return [...used];
  }

  /** What the copy's manifest proves to be damaged in its middle, is no help from there on. */
  async #guarded<T>(use: (own: ManifestCursor) => Promise<T>): Promise<T | undefined> {
    if (this.#own === undefined) return undefined;
    try {
      return await use(this.#own);
    } catch (error) {
      if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED')) throw error;
      this.#findings.add('files', toText(OWN_MANIFEST), error.message);
      this.#own = undefined;
      return undefined;
    }
  }

  async #choose({ path, entries }: TreeListing) {
    const recorded = await this.#guarded((own) => own.at(path));
    const known = new Map(recorded?.map((entry) => [entry.name, entry]));
    const files: { readonly entry: Entry; readonly note: Expected }[] = [];
    for (const entry of entries) {
      const at = joinPath(path, entry.name);
      if (!isOfCluster(at)) continue;
      this.#unmetLast.delete(at);
      const before = known.get(entry.name);
      known.delete(entry.name);
      const fits = before === undefined ? this.#added(at, recorded) : this.#compare(at, before, entry);
      if (entry.type === 'file') files.push({ entry, note: { recorded: fits ? before : undefined } });
    }
    for (const { name, type } of known.values()) {
      this.#unmetLast.delete(joinPath(path, name));
      const more = type === 'directory' ? ', and all that was in it' : '';
      this.#findings.add('files', toText(joinPath(path, name)), `is missing${more}`);
    }
    return files;
  }

  #added(path: RelPath, recorded: readonly RecordedEntry[] | undefined): boolean {
    if (recorded !== undefined && !this.#isMadeLast(path)) {
      this.#findings.add('files', toText(path), 'does not belong to the backup');
    }
    return false;
  }

  /** pg_control, backup_label, configuration files, what links led to; `generate-manifest` comes whenever it likes. */
  #isMadeLast(path: RelPath): boolean {
    if (this.#madeLast !== undefined) return this.#madeLast.has(path) || path === BACKUP_MANIFEST;
    return path === 'data/global/pg_control' || /^data\/[^/]+$/.test(path);
  }

  #compare(path: RelPath, before: RecordedEntry, now: Entry): boolean {
    const wrong = (detail: string): false => {
      if (!this.#replaced.has(path)) this.#findings.add('files', toText(path), detail);
      return false;
    };
    if (before.type !== now.type) return wrong(`is a ${now.type}, was copied as a ${before.type}`);
    if (before.target !== now.target) return wrong('leads to somewhere else than the link that was copied');
    if (before.size !== now.size && now.type === 'file')
      return wrong(`has ${now.size} bytes, ${before.size} were copied`);
    return !this.#replaced.has(path);
  }

  #judge(path: RelPath, entry: Entry, reading: FileReading, recorded: RecordedEntry | undefined): void {
    this.#files++;
    this.#bytes += entry.size;
    const { hash, finding, error } = reading;
    if (error !== undefined) {
      this.#unmet.delete(clusterPath(path) ?? path);
      this.#findings.add('files', toText(path), error.message);
      return;
    }
    if (recorded?.hash !== undefined && recorded.hash !== hash) {
      this.#findings.add('files', toText(path), 'is damaged: its content is not what was copied');
    }
    this.#judgeByTheirs(path, entry, finding?.checksums ?? {});
    const { pages } = finding ?? {};
    if (pages === undefined) return;
    this.#pages += pages.count;
    if (pages.suspectCount > 0) this.#suspects.add(path, pages.suspects, pages.suspectCount);
    if (this.#end !== undefined && pages.newestLsn > this.#end) {
      const detail = `a page was last changed at ${formatLsn(pages.newestLsn)}, after the backup ended at ${formatLsn(this.#end)}: its server cannot have written it`;
      this.#findings.add('pages', toText(path), detail);
    }
  }

  #judgeByTheirs(
    path: RelPath,
    { size }: Entry,
    checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>,
  ): void {
    const inCluster = clusterPath(path);
    if (this.#theirs === undefined || inCluster === undefined) return;
    const expected = this.#theirs.files.get(inCluster);
    this.#unmet.delete(inCluster);
    if (isOutsideManifest(inCluster)) return;
    const wrong = (detail: string): void => this.#findings.add('backup_manifest', toText(path), detail);
    if (expected === undefined) wrong('is not in the manifest');
    else if (expected.size !== size) wrong(`has ${size} bytes, ${expected.size} in the manifest`);
    else if (
      expected.checksum !== undefined &&
      checksums[expected.checksum.algorithm] !== expected.checksum.hex
    )
      wrong(`is damaged: its ${expected.checksum.algorithm} is not the manifest's`);
  }

  #tell(): void {
    const read = `${this.#files} files, ${this.#bytes} bytes`;
    if (this.#hadOwn) this.#findings.end('files', read);
    else this.#findings.skip('files', `${read} could be read; Barman keeps no hashes of what it copied`);
    if (this.#theirs !== undefined) this.#findings.end('backup_manifest', `${this.#theirs.files.size} files`);
    else this.#findings.skip('backup_manifest', 'there is none; generate-manifest makes it');
  }
}

/** Configuration files from outside the data directory, which take the place of what the copy had under their names. */
function configurationFromElsewhere({ fields }: FilesQuestion['backup']): Set<RelPath> {
  const { pgdata, config_file, hba_file, ident_file } = fields;
  const paths = [config_file, hba_file, ident_file].flatMap((path) => (path === null ? [] : fromText(path)));
  const outside = pgdata === null ? paths : paths.filter((path) => !isWithin(path, fromText(pgdata)));
  return new Set(outside.map((path) => joinPath(byteString('data'), nameOf(path))));
}

/** `data/` and the tablespaces, and what is in them. */
function isOfCluster(path: RelPath): boolean {
  return path.includes('/') || path === 'data' || /^[1-9]\d*$/.test(path);
}
