import { ApiError } from '../errors';
import { bare, one, type HttpAnswer } from '../transport';

/** What the codes of Microsoft Entra ID mean here, and what mends them (https://login.microsoftonline.com/error?code=…). */
const MEANINGS: Record<string, string> = {
  7000215: 'The secret is wrong (often its id was pasted in place of its value): give the connection a valid one',
  7000222: "The secret of the connection's application has expired: give the connection a new one, or federate it",
  700016:
    "The tenant has no application with this id: it was deleted, or the connection's tenant or application id is wrong",
  7000229: 'The application has no service principal in this tenant: create it (az ad sp create --id …)',
  7000112: 'The application was switched off: enable it in Microsoft Entra ID',
  90002: "There is no such tenant: mend the connection's tenant id, or its environment if it is in another cloud",
  900023: "The tenant id is none: mend the connection's tenant id",
  50034: 'The tenant has no such account: the identity was deleted, or the tenant id is wrong',
  700027: 'The certificate is not one of the application: upload it there, or give the connection the one that is',
  700024: 'The assertion is too old or too new: set the clock of the agent',
  70021: 'No federated credential of the identity fits: its issuer and subject must be those that the connection shows',
  700211: 'No federated credential of the identity has this issuer: it must be the one that the connection shows',
  700212: 'The federated credential has another audience: it must be api://AzureADTokenExchange',
  700213: 'No federated credential of the identity has this subject: it must be the one that the connection shows',
  700223: 'The tenant does not allow workload identity federation: ask its administrator',
  700238: 'A policy of the tenant blocks workload identity federation: ask its administrator',
  70052: 'The application is one for several tenants: use one for a single tenant, or a managed identity',
  500011: 'The tenant does not know Azure DevOps: sign in to it once with a user of this tenant',
  53003: 'A conditional access policy of the tenant blocks this sign-in: ask its administrator',
  530003: 'A conditional access policy of the tenant blocks this sign-in: ask its administrator',
  50105: 'The application must be assigned before it may sign in: ask the administrator of the tenant',
};

/** The AADSTS codes of an answer, the first one first. */
export function codesOf({ text }: HttpAnswer): string[] {
  const body = bodyOf(text);
  const inText = [...(body.error_description ?? '').matchAll(/AADSTS(\d+)/g)].map(([, code]) => code ?? '');
  return [...new Set([...(body.error_codes ?? []).map(String), ...inText])];
}

/** A refusal of the login as an error: its own sentence with the code, what that means, and which connection to look at. */
export function loginRefusal(answer: HttpAnswer, address: string, connection: string): ApiError {
  const body = bodyOf(answer.text);
  const said = sentence(body.error_description) || body.error || withoutToken(answer);
  const meaning = codesOf(answer)
    .map((code) => MEANINGS[code])
    .find((text) => text !== undefined);
  return new ApiError({
    method: 'POST',
    url: bare(address),
    status: answer.status,
    reasons: [said],
    activityId: body.trace_id,
    cure: `${meaning ? `${meaning}. ` : ''}It is about ${connection}.`,
  });
}

/** What an answer is that was to hold a token and does not: a page of a proxy, the way to another host. */
export function withoutToken({ headers, text }: HttpAnswer): string {
  const location = one(headers.location);
  if (location)
    return `It redirects elsewhere (${bare(new URL(location, 'https://unknown').href)}), where no secret is sent.`;
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim();
  if (title !== undefined || (one(headers['content-type']) ?? '').includes('text/html'))
    return `The answer is a page${title ? ` ('${title.slice(0, 100)}')` : ''} and holds no token.`;
  return 'The answer holds no token.';
}

interface LoginError {
  error?: string;
  error_description?: string;
  error_codes?: number[];
  trace_id?: string;
}

function bodyOf(text: string): LoginError {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** Without the ids and the time that the login writes behind it. */
function sentence(description: string | undefined): string {
  return (description ?? '').split(/\s*(?:\r?\n|Trace ID:)/)[0]?.trim() ?? '';
}
