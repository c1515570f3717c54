import type { Target } from '../../ssh/connect.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { Part } from './arranged.ts';

/** How to open a tree, as plain data for other threads. */
export type EndpointSpec =
  | { readonly kind: 'local'; readonly root: ByteString }
  | { readonly kind: 'sftp'; readonly target: Target; readonly root: ByteString }
  | { readonly kind: 'arranged'; readonly beneath: EndpointSpec; readonly parts: readonly Part[] };
