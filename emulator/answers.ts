import { randomUUID } from 'node:crypto';
import { guidOf } from './state/ids';
import type { Refusal } from './state/refusal';
import type { Reply } from './routes/route';
import type { BadTokenAnswer } from './tokens';

/** A refusal in the wire form that all areas share. */
export function refusalReply(refusal: Refusal): Reply {
  return {
    status: refusal.status,
    json: {
      $id: '1',
      ...(refusal.customProperties ? { customProperties: refusal.customProperties } : {}),
      innerException: null,
      message: refusal.message,
      typeName: `Microsoft.TeamFoundation.Framework.Server.${refusal.typeKey}, Microsoft.TeamFoundation.Framework.Server`,
      typeKey: refusal.typeKey,
      errorCode: 0,
      eventId: 3000,
    },
  };
}

export const signInPage =
  '<!DOCTYPE html>\r\n<html lang="en-US">\r\n<head><title>Azure DevOps Services | Sign In</title></head>\r\n' +
  '<body><div id="signin">Sign in to your account</div></body>\r\n</html>\r\n';

/** The three ways in which a wrong or expired token is told. */
export function badTokenReply(way: BadTokenAnswer, base: string, path: string): Reply {
  switch (way) {
    case 'signIn203':
      return { status: 203, text: signInPage, contentType: 'text/html' };
    case 'redirect302':
      return {
        status: 302,
        text: '<html><head><title>Object moved</title></head><body></body></html>',
        contentType: 'text/html',
        headers: {
          location: `${base}_signin?realm=${encodeURIComponent(new URL(base).host)}&reply_to=${encodeURIComponent(path)}`,
        },
      };
    case 'unauthorized401':
      return {
        status: 401,
        json: {
          $id: '1',
          innerException: null,
          message: "TF400813: The user '' is not authorized to access this resource.",
          typeName:
            'Microsoft.TeamFoundation.Framework.Server.UnauthorizedRequestException, Microsoft.TeamFoundation.Framework.Server',
          typeKey: 'UnauthorizedRequestException',
          errorCode: 0,
          eventId: 3000,
        },
        headers: { 'www-authenticate': 'Bearer, Basic realm="http://contoso.example/"' },
      };
  }
}

/** Headers that every answer has; the activity id is one of a kind. */
export function standardHeaders(): Record<string, string> {
  const activity = randomUUID();
  return {
    'x-tfs-processid': guidOf('process'),
    activityid: activity,
    'x-tfs-session': guidOf('session'),
    'x-vss-e2eid': activity,
    'cache-control': 'no-cache',
  };
}

export function payloadOf(reply: Reply): { bytes: Buffer; contentType: string } {
  if (reply.bytes) return { bytes: reply.bytes, contentType: reply.contentType ?? 'application/octet-stream' };
  if (reply.text !== undefined) {
    return { bytes: Buffer.from(reply.text), contentType: `${reply.contentType ?? 'text/plain'}; charset=utf-8` };
  }
  if (reply.json === undefined) return { bytes: Buffer.alloc(0), contentType: '' };
  return {
    bytes: Buffer.from(JSON.stringify(reply.json)),
    contentType: 'application/json; charset=utf-8; api-version=7.2-preview',
  };
}
