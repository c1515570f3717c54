import type { Endpoint } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import type { ManifestTotals } from './format.ts';
import type { ManifestReader } from './reader.ts';

/** Opens the manifest that stands at `path` of an endpoint. NOT_FOUND, MANIFEST_DAMAGED. */
export declare function readManifest(endpoint: Endpoint, path: RelPath): Promise<ManifestReader>;

/** Reads no more than the end of a manifest. It proves that the end is there, not that all before it is whole. */
export declare function readManifestTotals(endpoint: Endpoint, path: RelPath): Promise<ManifestTotals>;

/** Opens a manifest of the local file system. */
export declare function readManifestFile(path: string): Promise<ManifestReader>;
