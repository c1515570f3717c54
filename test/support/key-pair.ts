import ssh2 from 'ssh2';

/** An ed25519 key pair for one test. One in about 150 that ssh2 makes cannot be read again, by itself either. */
export function keyPair(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
