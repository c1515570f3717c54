/** How to reach the host of a location; the same for every command. */
export interface ReachOptions {
  /**
   * A connection that is open already: an `ssh2` Client or an `ssh2-sftp-client` instance. It is used for every remote
   * location, stays the caller's, and is not made again when it is lost. Work is then done in this thread.
   */
  readonly connection?: object;
  /**
   * `-e`, `--rsh`: an SSH command with its options, split at white space with quotes as a shell would, but no shell is
   * run. `-s HOST sftp` is added. Default: ssh2 inside this process.
   */
  readonly rsh?: string;
  /** A file that holds the password on its first line. */
  readonly passwordFile?: string;
  /** Private keys to try, beside those of the host settings. */
  readonly identityFiles?: readonly string[];
  /** Known-hosts files in place of those of the host settings. */
  readonly knownHostsFiles?: readonly string[];
  /** Ciphers in order of preference, by OpenSSH's names. */
  readonly ciphers?: readonly string[];
  /**
   * Seconds without any byte, while one is waited for, after which the run is given up (TIMEOUT). Default 0: it goes on as
   * long as the host gives signs of life; one that gives none for as long as the host settings have it
   * (ServerAliveInterval times ServerAliveCountMax, or 45 seconds) is connected to again.
   */
  readonly timeout?: number;
  /** Options of ssh(1) that count as if they had been given to it: `-p`, `-i`, `-l`, `-o`, `-F`, each with its value. */
  readonly sshArguments?: readonly string[];
}
