import type { Manager } from './versions/schemes';

/**
 * A package's name as its ecosystem compares names: PEP 503 for Python, lower case for conda, without the architecture
 * for Debian (`libc6:amd64`); npm, R and Alpine tell upper from lower case.
 */
export function normaliseName(manager: Manager, name: string): string {
  const trimmed = name.trim();
  switch (manager) {
    case 'pip':
      return trimmed.toLowerCase().replace(/[-_.]+/g, '-');
    case 'conda':
      return trimmed.toLowerCase();
    case 'apt':
      return trimmed.replace(/:[a-z0-9-]+$/, '');
    case 'npm':
    case 'cran':
    case 'apk':
      return trimmed;
    default:
      return manager satisfies never;
  }
}
