/** Where the manager notes what only an administrator wants to know; the command line writes it to `log_file`. */
export interface Log {
  debug(text: string): void;
  info(text: string): void;
  warning(text: string): void;
  error(text: string): void;
}
