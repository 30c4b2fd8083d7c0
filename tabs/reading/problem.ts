import type { Refusal } from './Rest';

/** What a person reads when something cannot be read: what, why, and what to do. */
export function problemText({ status, message }: Refusal, what: string): string {
  const said = message ? ` The service says: ${message.trim().replace(/\.?$/, '.')}` : '';
  return `${capital(what)} cannot be read: ${causeOf(status)}${status === 0 ? '' : said}`;
}

/** A fault that may be gone at the next look. */
export function isPassing({ status }: Refusal): boolean {
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
}

function causeOf(status: number): string {
  switch (status) {
    case 0:
      return 'Azure DevOps gives no answer. The tab tries again; what is shown may be old.';
    case 401:
      return 'the session has expired. Reload the page (401).';
    case 403:
      return "you need the permission 'View builds' or 'View releases' there (403).";
    case 404:
      return 'it is not there any more, or you may not see it (404).';
    case 429:
      return 'the service is busy (429). The tab tries again; what is shown may be old.';
    default:
      return status >= 500
        ? `the service has a fault (${status}). The tab tries again; what is shown may be old.`
        : `the service refused (${status}).`;
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
