import { below, type IndexRequest } from './indexVersion';

/** The list of all packages of an R repository; the plain file, which every mirror has. Read it with readPackageList. */
export function cranRequest(repository: string): IndexRequest {
  return { url: below(repository, 'src/contrib/PACKAGES'), headers: {} };
}
