import { type ByteString, byteString } from '../../system/byte-string.ts';

/**
 * A path of a backup's tree (`data/base/1/1259`, `16400/PG_15_…/…`) as the cluster has it (`base/1/1259`,
 * `pg_tblspc/16400/PG_15_…/…`). Undefined for what belongs to neither.
 */
export function clusterPath(path: ByteString): ByteString | undefined {
  const slash = path.indexOf('/');
  const first = path.slice(0, slash);
  const rest = path.slice(slash + 1);
  if (slash < 0) return undefined;
  if (first === 'data') return byteString(rest);
  return /^[1-9]\d*$/.test(first) ? byteString(`pg_tblspc/${first}/${rest}`) : undefined;
}
