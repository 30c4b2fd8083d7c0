import * as React from 'react';
import type { Outcome } from '../model/childState';
import type { Dockerfile, ImageReference, Package } from '../model/documents';
import { OutcomeIcon } from './OutcomeIcon';

interface DockerfileTableProps {
  step: string;
  dockerfiles: Dockerfile[];
}

/** From what needs somebody to what is as it should be. */
const ORDER = [
  'invalid',
  'baseMissing',
  'held',
  'stale',
  'unresolved',
  'unknown',
  'pending',
  'noBase',
  'pinned',
  'fresh',
];
const ICONS: Record<string, Outcome> = {
  invalid: 'failed',
  baseMissing: 'failed',
  held: 'canceled',
  stale: 'partiallySucceeded',
  unresolved: 'unknown',
  unknown: 'unknown',
  pending: 'waiting',
  noBase: 'skipped',
  pinned: 'succeeded',
  fresh: 'succeeded',
};
const MOST_ROWS = 500;

/** What a stale check found: each Dockerfile, the images it stands on with what was said of each, the verdict and its reason. */
export function DockerfileTable({ step, dockerfiles }: DockerfileTableProps): React.JSX.Element {
  const ordered = dockerfiles.toSorted((a, b) => rankOf(a) - rankOf(b));
  return (
    // In a narrow window it scrolls sideways, which the keyboard must be able to do as well.
    <section className="cascade-wide" aria-label={`Dockerfiles of ${step}`} tabIndex={0}>
      <table className="cascade-table">
        <caption>
          Dockerfiles that step {step} checked <span className="cascade-quiet">{countsText(dockerfiles)}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Dockerfile</th>
            <th scope="col">Verdict</th>
            <th scope="col">Reason</th>
            <th scope="col">Base images</th>
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, MOST_ROWS).map(({ path, verdict, reason, references, packages }) => (
            <tr key={path}>
              <th scope="row">{path}</th>
              <td>
                <Verdict verdict={verdict} />
              </td>
              <td>{reason}</td>
              <td>
                {references.map((reference) => (
                  <Reference
                    key={`${reference.line} ${reference.written} ${reference.image}`}
                    {...reference}
                    // What the line says already is not said twice.
                    reason={reference.reason === reason ? '' : reference.reason}
                  />
                ))}
                {packages
                  .filter(({ verdict: own }) => own === 'stale')
                  .map((one) => (
                    <StalePackage key={`${one.manager} ${one.name}`} {...one} />
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > MOST_ROWS && <p>… and {ordered.length - MOST_ROWS} more, which need nobody.</p>}
    </section>
  );
}

function Verdict({ verdict }: { verdict: string }): React.JSX.Element {
  return (
    <span className="cascade-state">
      <OutcomeIcon outcome={ICONS[verdict] ?? 'unknown'} /> {verdict}
    </span>
  );
}

function Reference({ role, line, image, written, verdict, reason, reachable }: ImageReference): React.JSX.Element {
  const said = verdict ? `: ${verdict}${reason ? `, ${reason}` : ''}` : reachable ? '' : ': not needed for the target';
  return (
    <div className="cascade-reference">
      {image || written}{' '}
      <span className="cascade-quiet">
        ({role || 'base'}
        {line ? `, line ${line}` : ''}){said}
      </span>
    </div>
  );
}

function StalePackage({ manager, name, line, locked, newest }: Package): React.JSX.Element {
  return (
    <div className="cascade-reference">
      {name}{' '}
      <span className="cascade-quiet">
        ({manager}
        {line ? `, line ${line}` : ''}): {locked || 'unknown'} → {newest}
      </span>
    </div>
  );
}

function rankOf({ verdict }: Dockerfile): number {
  const rank = ORDER.indexOf(verdict);
  // A verdict that this tab does not know may need somebody.
  return rank < 0 ? 0 : rank;
}

function countsText(dockerfiles: Dockerfile[]): string {
  const counts = ORDER.map((verdict) => ({
    verdict,
    count: dockerfiles.filter((one) => one.verdict === verdict).length,
  }));
  return counts.flatMap(({ verdict, count }) => (count ? `${count} ${verdict}` : [])).join(', ');
}
