export { prettyDuration, prettyRatio, prettySize, roundHalfEven } from '../../system/quantities.ts';
