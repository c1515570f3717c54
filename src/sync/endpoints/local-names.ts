import { type ByteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';

/** Names come from other hosts: one that would lead elsewhere is refused here too, whoever let it pass before. */
export function refuseUnsafe(name: ByteString, directory: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) {
    throw failure('UNSAFE_NAME', { path: directory, name: toText(name) });
  }
}
