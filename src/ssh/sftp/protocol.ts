/**
 * SFTP version 3, as in draft-ietf-secsh-filexfer-02 and OpenSSH's PROTOCOL file. All numbers are big-endian.
 *
 *     packet      u32 length of the rest | u8 type | u32 request id | body
 *                 (INIT and VERSION carry the protocol version in place of an id)
 *     string      u32 length | bytes; names and handles are strings, their bytes have no encoding
 *     attributes  u32 flags | [SIZE u64] | [UIDGID u32 u32] | [PERMISSIONS u32] | [ACMODTIME u32 atime, u32 mtime]
 *                 | [EXTENDED u32 count, count times (string type, string data)]
 *
 *     requests                                        replies
 *     OPEN      path, u32 pflags, attributes          HANDLE
 *     CLOSE     handle                                STATUS
 *     READ      handle, u64 offset, u32 length        DATA, STATUS EOF
 *     WRITE     handle, u64 offset, string data       STATUS
 *     LSTAT     path            FSTAT  handle         ATTRS
 *     STAT      path                                  ATTRS
 *     SETSTAT   path, attributes                      STATUS
 *     FSETSTAT  handle, attributes                    STATUS
 *     OPENDIR   path                                  HANDLE
 *     READDIR   handle                                NAME, STATUS EOF
 *     REMOVE    path            RMDIR  path           STATUS
 *     MKDIR     path, attributes                      STATUS
 *     REALPATH  path            READLINK path         NAME with one entry
 *     RENAME    path, path                            STATUS
 *     SYMLINK   target, link (OpenSSH's order; the draft has them the other way round)   STATUS
 *     EXTENDED  string name, its own fields           STATUS or EXTENDED_REPLY
 *
 *     STATUS    u32 code | string message | string language
 *     HANDLE    string
 *     DATA      string
 *     NAME      u32 count | count times (string name, string longname, attributes)
 *     ATTRS     attributes
 *     VERSION   u32 version | (string extension name, string data) until the end
 *
 * Any request may be answered by a STATUS. Requests are pipelined; a reply names its request by the id.
 */
export const PROTOCOL_VERSION = 3;

/** Bytes of a packet after its length word. OpenSSH's client refuses more, so no server in use sends more. */
export const MAX_PACKET = 256 * 1024;

/** What every server must take in one READ or WRITE; more only where `limits@openssh.com` says so. */
export const DEFAULT_IO = 32 * 1024;

export const Packet = {
  INIT: 1,
  VERSION: 2,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 200,
  EXTENDED_REPLY: 201,
} as const;

export const OpenFlag = { READ: 1, WRITE: 2, APPEND: 4, CREATE: 8, TRUNCATE: 16, EXCLUSIVE: 32 } as const;

export const AttributeFlag = {
  SIZE: 1,
  UIDGID: 2,
  PERMISSIONS: 4,
  ACMODTIME: 8,
  EXTENDED: 0x80000000,
} as const;

export const Status = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  NO_CONNECTION: 6,
  CONNECTION_LOST: 7,
  OP_UNSUPPORTED: 8,
} as const;

/** Extensions by the name under which VERSION announces them; the number in front is OpenSSH's first release. */
export const Extension = {
  /** 4.9: string from, string to: STATUS. rename(2). */
  POSIX_RENAME: 'posix-rename@openssh.com',
  /** 5.1: string path: EXTENDED_REPLY with eleven u64 of statvfs(3). */
  STATVFS: 'statvfs@openssh.com',
  /** 5.7: string existing, string new: STATUS. link(2). */
  HARDLINK: 'hardlink@openssh.com',
  /** 6.5: string handle: STATUS. */
  FSYNC: 'fsync@openssh.com',
  /** 8.0: string path, attributes: STATUS. SETSTAT that does not follow symbolic links. */
  LSETSTAT: 'lsetstat@openssh.com',
  /** 8.5: EXTENDED_REPLY with u64 packet, read, write and handle limits; 0 is "not told". */
  LIMITS: 'limits@openssh.com',
  /** 9.0: string from handle, u64 offset, u64 length (0: to the end), string to handle, u64 offset: STATUS. */
  COPY_DATA: 'copy-data',
  /** 9.1: string of u32 uids, string of u32 gids: EXTENDED_REPLY with a string of name strings for each. */
  USERS_GROUPS: 'users-groups-by-id@openssh.com',
} as const;

export type ExtensionName = (typeof Extension)[keyof typeof Extension];
