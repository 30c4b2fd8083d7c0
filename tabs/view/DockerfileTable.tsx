import * as React from 'react';
import type { Dockerfile } from '../model/documents';

/** What a stale check found: each Dockerfile, the images it stands on, the verdict and its reason. */
export function DockerfileTable({ step, dockerfiles }: { step: string; dockerfiles: Dockerfile[] }): React.JSX.Element {
  return (
    // In a narrow window it scrolls sideways, which the keyboard must be able to do as well.
    <section className="cascade-wide" aria-label={`Dockerfiles of ${step}`} tabIndex={0}>
      <table className="cascade-table">
        <caption>Dockerfiles that step {step} checked</caption>
        <thead>
          <tr>
            <th scope="col">Dockerfile</th>
            <th scope="col">Base images</th>
            <th scope="col">Verdict</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {dockerfiles.map(({ path, verdict, reason, references }) => (
            <tr key={path}>
              <td>{path}</td>
              <td>
                {references.map(({ line, written, image, verdict: own }) => (
                  <div key={`${line} ${written}`}>
                    {image || written} {own && <span className="cascade-quiet">({own})</span>}
                  </div>
                ))}
              </td>
              <td className={`cascade-verdict-${verdict === 'stale' ? 'bad' : 'other'}`}>{verdict}</td>
              <td>{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
