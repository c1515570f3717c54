import { commaList, integer, oneOf, text } from '../grammar.ts';
import { option, optional } from '../option.ts';

/** Read for Barman's sake: volume snapshots of cloud providers are not taken here. */
export const cloudOptions = {
  snapshot_provider: optional('both', oneOf('gcp', 'azure', 'aws'), 'Cloud provider of volume snapshots.'),
  snapshot_instance: optional('server', text, 'Instance whose disks are snapshot.'),
  snapshot_disks: optional('server', commaList, 'Disks that are snapshot.'),
  snapshot_gcp_project: optional('both', text, 'Older name of gcp_project.'),
  snapshot_zone: optional('server', text, 'Older name of gcp_zone.'),
  gcp_project: optional('both', text, 'Project of the instance.'),
  gcp_zone: optional('server', text, 'Zone of the instance.'),
  azure_credential: optional(
    'both',
    oneOf('azure-cli', 'managed-identity', 'default'),
    'Kind of Azure credential.',
  ),
  azure_resource_group: optional('both', text, 'Resource group of the instance.'),
  azure_subscription_id: optional('both', text, 'Subscription of the instance.'),
  aws_profile: optional('both', text, 'Profile of the AWS configuration.'),
  aws_region: optional('both', text, 'Region of the instance.'),
  aws_await_snapshots_timeout: option(
    'both',
    integer('a whole number of seconds', 1),
    3600,
    'Longest wait for a snapshot.',
  ),
  aws_snapshot_lock_mode: optional('both', oneOf('governance', 'compliance'), 'Kind of lock on a snapshot.'),
  aws_snapshot_lock_duration: optional(
    'both',
    integer('a number of days from 1 to 36500', 1, 36_500),
    'Days it is locked.',
  ),
  aws_snapshot_lock_cool_off_period: optional(
    'both',
    integer('a number of hours from 1 to 72', 1, 72),
    'Hours in which the lock can still be changed.',
  ),
  aws_snapshot_lock_expiration_date: optional(
    'both',
    text,
    'Date until which it is locked, like 2030-01-31T00:00:00.000Z.',
  ),
};
