// A rival in plain JavaScript, so that its start is not burdened with a compiler.
// Arguments: host, port, user, identity file, source directory, destination directory.
import { readFileSync } from 'node:fs';
import Client from 'ssh2-sftp-client';

const [host, port, username, identityFile, source, destination] = process.argv.slice(2);
const client = new Client();
await client.connect({ host, port: Number(port), username, privateKey: readFileSync(identityFile) });
await client.downloadDir(source, destination);
await client.end();
