import { createManifestChecksum } from '../../postgres/backup-manifest/checksum.ts';
import type { ChecksumAlgorithm } from '../../postgres/backup-manifest/types.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { PageProblem } from '../../postgres/page.ts';
import { createPageScanner } from '../../postgres/page-scanner.ts';
import { parseRelationDirectory, parseRelationFileName } from '../../postgres/relation-path.ts';
import type { InspectionSpec, Inspector, OpenInspection } from '../../sync/lanes/inspection.ts';
import { nameOf, parentOf } from '../../sync/path.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { clusterPath } from './cluster-path.ts';

/** How the cluster lays out its relations, from its pg_control. */
export interface PageLayout {
  /** Bytes of a page. */
  readonly blockSize: number;
  /** Blocks of a relation's file before the next one is begun. */
  readonly relationSegmentBlocks: number;
}

export interface ClusterInspectionSettings {
  /** Undefined: pages carry no checksums, or they are not wanted. */
  readonly pages: PageLayout | undefined;
  /** Checksums of whole files, for a backup manifest. */
  readonly algorithms: readonly ChecksumAlgorithm[];
}

/** What was seen in one file. */
export interface ClusterFinding {
  /** One for each of `algorithms`, hexadecimal digits. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
  /** Undefined for what has no pages. */
  readonly pages:
    | {
        readonly count: number;
        /** The first damaged ones; what makes a page look damaged may be that it was being written. */
        readonly suspects: readonly PageProblem[];
        readonly suspectCount: number;
        /** Beyond the end of the WAL it shows a page that this history did not write. */
        readonly newestLsn: Lsn;
      }
    | undefined;
}

/** More than these of one file nobody reads. */
const MOST_SUSPECTS = 1000;

/** This module's address, also where the program's modules were joined at build time: then it stands beside them. */
const MODULE = import.meta.url.endsWith('.ts')
  ? import.meta.url
  : new URL('./cluster-inspection.js', import.meta.url).href;

/** For lanes whose transfer is a backup's tree: `data/` and a directory for each tablespace. */
export function clusterInspection(settings: ClusterInspectionSettings): InspectionSpec {
  return { module: MODULE, settings };
}

/** What comes back from such a lane. */
export function asClusterFinding(finding: unknown): ClusterFinding | undefined {
  // The inspectors below are the only ones in the lanes that {@link clusterInspection} was given to.
  return finding as ClusterFinding | undefined;
}

/** Where a file's pages begin in its relation; undefined for what is no relation's file. */
export function firstBlockOf(path: ByteString, layout: PageLayout): number | undefined {
  const inCluster = clusterPath(path);
  if (inCluster === undefined || parseRelationDirectory(parentOf(inCluster)) === undefined) return undefined;
  const file = parseRelationFileName(nameOf(inCluster));
  return file === undefined ? undefined : file.segment * layout.relationSegmentBlocks;
}

const open: OpenInspection = (settings) => {
  const { pages, algorithms } = settings as ClusterInspectionSettings;
  return (path) => {
    const firstBlock = pages === undefined ? undefined : firstBlockOf(path, pages);
    if (firstBlock === undefined && algorithms.length === 0) return undefined;
    return inspect(algorithms, firstBlock, pages?.blockSize ?? 0);
  };
};

export default open;

function inspect(
  algorithms: readonly ChecksumAlgorithm[],
  firstBlock: number | undefined,
  blockSize: number,
): Inspector {
  const checksums = algorithms.map((algorithm) => ({
    algorithm,
    checksum: createManifestChecksum(algorithm),
  }));
  const scanner = firstBlock === undefined ? undefined : createPageScanner(firstBlock, blockSize);
  const suspects: PageProblem[] = [];
  let suspectCount = 0;
  let bytes = 0;
  return {
    block(block) {
      for (const { checksum } of checksums) checksum.update(block);
      bytes += block.length;
      if (scanner === undefined) return;
      const problems = scanner.push(block);
      suspectCount += problems.length;
      if (suspects.length < MOST_SUSPECTS)
        suspects.push(...problems.slice(0, MOST_SUSPECTS - suspects.length));
    },
    finish(): ClusterFinding {
      return {
        checksums: Object.fromEntries(
          checksums.map(({ algorithm, checksum }) => [algorithm, checksum.digest()]),
        ),
        pages: scanner && {
          count: Math.floor(bytes / blockSize),
          suspects,
          suspectCount,
          newestLsn: scanner.newestLsn,
        },
      };
    },
  };
}
