import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Log } from '../tasks/lib/log';
import type { Secrets } from '../tasks/lib/secrets';
import type { Config } from './config';

/** JSON lines: a sentence, and beside it what a machine wants to filter by. */
export interface JsonLog extends Log {
  say(level: 'debug' | 'info' | 'warn' | 'error', text: string, about?: Record<string, unknown>): void;
}

/** Writes every line whole and at once, with all registered secrets taken out of its text and of its fields. */
export function jsonLog(level: Config['logLevel'], secrets: Secrets, destination: DestinationStream): JsonLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(secrets.redact(line)) },
  );
  const say: JsonLog['say'] = (at, text, about = {}) => logger[at](about, text);
  return {
    say,
    info: (text) => say('info', text),
    warning: (text) => say('warn', text),
    error: (text) => say('error', text),
    debug: (text) => say('debug', text),
    group: (title, lines) => say('info', title, { lines }),
  };
}
