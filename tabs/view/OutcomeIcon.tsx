import { Status, Statuses, StatusSize, type StatusType } from 'azure-devops-ui/Status';
import * as React from 'react';
import type { Outcome } from '../model/childState';

const ICONS: Record<Outcome, StatusType> = {
  waiting: 'Waiting',
  running: 'Running',
  canceling: 'Running',
  succeeded: 'Success',
  partiallySucceeded: 'Warning',
  failed: 'Failed',
  canceled: 'Canceled',
  skipped: 'Skipped',
  unknown: 'Abandoned',
};

/** The product's own icon of an outcome; the word stands beside it, so a screen reader does not hear it. */
export function OutcomeIcon({ outcome }: { outcome: Outcome }): React.JSX.Element {
  return (
    <span aria-hidden="true" className="cascade-icon">
      <Status {...Statuses[ICONS[outcome]]} size={StatusSize.m} />
    </span>
  );
}
