/** One request as the emulator saw it. */
export interface Call {
  /** Epoch ms on the emulator's clock. */
  at: number;
  method: string;
  /** Path with query as it was sent. */
  path: string;
  /** Template of the route, `OPTIONS {area}` for a location document, or `emulator.unknown`. */
  route: string;
  host: 'core' | 'release';
  /** Status of the answer; 0 as long as there is none. */
  status: number;
  headers: Record<string, string>;
  /** Parsed JSON, or the text where it is none; undefined without a body. */
  body: unknown;
  /** Bytes of the answer's body. */
  bytesSent: number;
  /** Number of the connection, counted from 1 at each server. */
  connection: number;
}

export const unknownRoute = 'emulator.unknown';
