/** The shape of the corpora: messages as latin1 strings and what must become of them. */
import type { RefusalReason } from '../refusal.ts';

/** A message that must be refused. */
export interface RefusedCase {
  /** The rule it breaks, and where that is written. */
  readonly theme: string;
  /** One character for each byte. */
  readonly bytes: string;
  /** What a client is answered; 502 for responses. */
  readonly status: number;
  readonly reason: RefusalReason;
}

/** A message that must be taken. */
export interface AcceptedCase {
  readonly theme: string;
  readonly bytes: string;
  /** The whole body, without its framing. */
  readonly body: string;
}

/** Pieces of messages (lines, values, chunks) that all break the same rule. */
export interface BadPieces {
  readonly theme: string;
  readonly reason: RefusalReason;
  readonly pieces: readonly string[];
}

/** Cases of one theme that all end the same way. */
export function refused(
  theme: string,
  status: number,
  reason: RefusalReason,
  messages: readonly string[],
): RefusedCase[] {
  return messages.map((bytes) => ({ theme, bytes, status, reason }));
}

/** All control characters but those in `except`, and DEL. */
export function controlCharacters(except: string): string[] {
  const all = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code));
  return [...all, '\x7f'].filter((char) => !except.includes(char));
}
