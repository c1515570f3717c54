import type { Endpoint } from '../sync/endpoint.ts';
import type { EntryType, RelPath } from '../sync/entry.ts';
import type { Filter } from '../sync/filter.ts';
import type { Lane } from '../sync/lanes/task.ts';
import { readManifest } from '../sync/manifest/files.ts';
import type { KeptAttributes, ManifestHeader } from '../sync/manifest/format.ts';
import { type CellarmanError, isFailure } from '../system/errors.ts';
import { compareTree, type Finding, type UnreadFile } from './compare-tree.ts';
import { ContentCheck } from './content-check.ts';
import { manifestPath, type SnapshotId } from './layout.ts';
import { keyOf, type SharedContent } from './shared-content.ts';
import type { Verification, VerifyFinding } from './verify-options.ts';

export interface TreeToVerify {
  /** Where the manifest is. */
  readonly repository: Endpoint;
  readonly snapshot: SnapshotId;
  readonly side: VerifyFinding['side'];
  /** What is compared with the manifest. */
  readonly endpoint: Endpoint;
  readonly base: RelPath;
  /** Attributes that count; undefined: those that the manifest says its tree has. */
  readonly keeps: KeptAttributes | undefined;
  readonly filter: Filter | undefined;
  /** Lanes whose destination is `endpoint`; none: content is not compared. */
  readonly lanes: readonly Lane[];
  readonly shared: SharedContent | undefined;
  /** Gets the files that are not right. */
  readonly wrong: Set<string>;
  readonly onFinding: (finding: VerifyFinding) => void;
  readonly onFile: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Compares one tree with one manifest, and counts. Rejects with what ends the run: CONNECTION_LOST, ABORTED. */
export async function verifyTree(setup: TreeToVerify): Promise<Verification> {
  const { repository, snapshot, side, lanes, signal, shared } = setup;
  const findings = { missing: 0, added: 0, damaged: 0, attributes: 0, unreadable: 0 };
  const count = { files: 0, bytes: 0 };
  const tell = (finding: Finding, file?: UnreadFile): void => {
    // No snapshot takes these, so that a source may have them.
    if (side === 'source' && finding.kind === 'added' && isSpecial(finding.type)) return;
    findings[finding.kind]++;
    const identity = file?.found.identity;
    if (identity !== undefined && finding.kind !== 'attributes') setup.wrong.add(keyOf(identity));
    setup.onFinding({ ...finding, snapshot, side });
  };
  const read = (bytes: number): void => {
    count.files++;
    count.bytes += bytes;
    setup.onFile(bytes);
  };
  const content = new ContentCheck(lanes, setup.base, tell, read);
  let problem: CellarmanError | undefined;
  try {
    await using manifest = await readManifest(repository, manifestPath(snapshot));
    await compareTree({
      ...rulesOf(setup, manifest.header),
      manifest,
      signal,
      onFinding: tell,
      async onFiles(directory, files) {
        const { others, shared: known } = (await shared?.split(directory, files)) ?? {
          shared: [],
          others: files,
        };
        for (const file of known) read(file.recorded.size);
        content.settle(directory, lanes.length === 0 ? files : known);
        if (lanes.length > 0) await content.add(directory, others);
      },
    });
  } catch (error) {
    if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED', 'NOT_FOUND')) throw error;
    problem = error;
  }
  await content.drain();
  return { snapshot, side, ...count, findings, problem };
}

function isSpecial(type: EntryType): boolean {
  return type === 'fifo' || type === 'socket' || type === 'device';
}

function rulesOf({ endpoint, base, keeps, filter }: TreeToVerify, header: ManifestHeader) {
  const precision = Math.max(header.mtimePrecision, endpoint.capabilities.mtimePrecision);
  return { endpoint, base, filter, precision, keeps: keeps ?? header.keeps };
}
