import { meter, type Meter } from "./counts";
import { Refused } from "./errors";
import type { LiveTransport } from "./session";
import type { DialOptions } from "./ssh";
import type { Connection, Transport } from "./transport";

type Connect = (connection: Connection, options: DialOptions) => Promise<LiveTransport>;

interface Dial {
  /** What it was dialled with, to tell whether a refusal is also the answer for another caller. */
  connection: string;
  transport: Promise<LiveTransport>;
  listeners: Set<(text: string) => void>;
  abort: AbortController;
}

interface Entry {
  meter: Meter;
  live?: LiveTransport;
  dial?: Dial;
}

/** One connection a host, user, host key and way there; credentials are no part of that and count at the next dial. */
export function createPool(connect: Connect) {
  let entries = new Map<string, Entry>();

  async function transportFor(connection: Connection, onRetry?: (text: string) => void): Promise<Transport> {
    const key = placeOf(connection);
    const entry = entries.get(key) ?? { meter: meter() };
    entries.set(key, entry);
    const mine = JSON.stringify(connection);
    for (;;) {
      if (entry.live?.alive) return entry.live;
      const dial = (entry.dial ??= startDial(entry, connection, mine));
      if (onRetry) dial.listeners.add(onRetry);
      try {
        return await dial.transport;
      } catch (error) {
        if (!(error instanceof Refused) || dial.connection === mine) throw error;
        // Somebody else's credentials were refused; ours have not been tried.
      }
    }
  }

  function startDial(entry: Entry, connection: Connection, text: string): Dial {
    const listeners: Dial["listeners"] = new Set();
    const onRetry = (line: string) => listeners.forEach((listener) => listener(line));
    const abort = new AbortController();
    const transport = connect(connection, { meter: entry.meter, onRetry, signal: abort.signal }).then((live) => (entry.live = live))
      .finally(() => (entry.dial = undefined));
    return { connection: text, transport, listeners, abort };
  }

  async function closeAll(): Promise<void> {
    const ending = [...entries.values()];
    entries = new Map();
    await Promise.all(ending.map(async (entry) => {
      entry.dial?.abort.abort();
      await entry.dial?.transport.catch(() => undefined);
      await entry.live?.close();
    }));
  }

  return { transportFor, closeAll };
}

function placeOf({ host, port = 22, user = "root", hostKey, proxy }: Connection): string {
  return JSON.stringify([host, port, user, hostKey?.trim(), proxy && placeOf(proxy)]);
}
