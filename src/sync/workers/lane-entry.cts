// The file of Piscina's threads. Piscina requires it, and Node aborts the whole process when a thread is ended while it
// requires an ECMAScript module (as after a failed login): what it imports instead may be broken off at any point.
const loading = import('./lane-worker.ts');
loading.catch(() => {});

module.exports = async (task: Parameters<typeof import('./lane-worker.ts').default>[0]): Promise<void> =>
  (await loading).default(task);
