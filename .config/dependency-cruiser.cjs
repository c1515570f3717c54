/** The import rules of the house: who may know whom. Checked by `npm test`. */
const only = (name, pkg, folder) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: folder },
  to: { path: `node_modules/${pkg}(/|$)` },
});
const never = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } });

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    never('system-knows-nobody', '^src/system/', '^src/(?!system/)'),
    never('ssh-knows-system', '^src/ssh/', '^src/(?!(ssh|system)/)'),
    never('postgres-knows-system', '^src/postgres/', '^src/(?!(postgres|system)/)'),
    never('sync-knows-ssh-and-system', '^src/sync/', '^src/(?!(sync|ssh|system)/)'),
    never('snapshot-knows-sync-and-below', '^src/snapshot/', '^src/(?!(snapshot|sync|ssh|system)/)'),
    never('manager-does-not-know-cli', '^src/manager/', '^src/cli/'),
    never('nobody-knows-cli', '^src/(?!cli/)', '^src/cli/'),
    only('ssh2-in-ssh', 'ssh2', '^src/ssh/'),
    only('pg-in-postgres', 'pg', '^src/postgres/'),
    only('piscina-in-sync-workers', 'piscina', '^src/sync/workers/'),
    only('commander-in-cli', 'commander', '^src/cli/'),
    {
      name: 'pure-core',
      severity: 'error',
      from: { path: '^src/(sync/plan|manager/retention/evaluate|postgres/(lsn|segment|timeline))\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'no-orphans-outside-packages', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
