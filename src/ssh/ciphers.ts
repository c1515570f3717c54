import type { CipherAlgorithm } from 'ssh2';
import { failure } from '../system/errors.ts';

/** What ssh2 has, fastest first on processors with AES instructions, which is all but a few small boards. */
const CIPHERS = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const satisfies readonly CipherAlgorithm[];

/**
 * Ciphers to offer: those asked for, in their order; else those the host settings allow, fastest first, since OpenSSH's
 * list gives its own order and not that of ssh2. UNSUPPORTED where ssh2 has none of them.
 */
export function chooseCiphers(
  asked: readonly string[] | undefined,
  allowed: readonly string[],
  host: string,
): CipherAlgorithm[] {
  const chosen =
    asked === undefined
      ? CIPHERS.filter((cipher) => allowed.length === 0 || allowed.includes(cipher))
      : asked.flatMap((name) => CIPHERS.find((cipher) => cipher === name) ?? []);
  if (chosen.length > 0) return chosen;
  const operation = `the ciphers ${(asked ?? allowed).join(',')} for ${host} (it has ${CIPHERS.join(', ')}); use -e ssh`;
  throw failure('UNSUPPORTED', { operation, where: 'the built-in SSH client' });
}
