import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../../src/ssh/connect.ts';
import { sftpHello } from './sftp-hello.ts';

// A thread that connects by itself to the target it was given and tells the version of SFTP it met there.
const connection = await connect(workerData);
parentPort?.postMessage(await sftpHello(await connection.openChannel()));
await connection.close();
