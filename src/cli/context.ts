/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command gets from the process around it; results go to `stdout`, all else to `stderr`. */
export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the run shall stop cleanly. */
  readonly signal: AbortSignal;
}

/** The surroundings of one run of the program, and what the run leaves behind. */
export interface Context extends Surroundings {
  /** Errors are shown with their stack and causes. */
  debug: boolean;
  /** The exit status of the command that ran. */
  status: number;
  /** The exit status of every error, where who runs the command reads a meaning into the usual ones. */
  errorStatus?: number;
}
