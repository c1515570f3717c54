import { describeRestores } from './ledger.ts';

describeRestores([17, 18]);
