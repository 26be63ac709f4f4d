import { Readable } from "node:stream";
import { ConnectionLost, NoSession, peerName, Refused, type LowLevelError } from "./errors";
import { exchange, type Channel, type Peer } from "./exchange";
import { limiter } from "./limit";
import { quoted, rootCommand, sudoProblem, wholeOrNothing } from "./script";
import type { Connection, Counts, Output, RunOptions, Transport } from "./transport";

/** A transport that knows whether it can still be used. */
export interface LiveTransport extends Transport {
  readonly alive: boolean;
}

/** An authenticated connection, its jump host's included. */
export interface Link {
  alive: boolean;
  /** Why it ended, once it has. */
  reason: string;
  /** Throws when the connection has just ended. */
  exec(command: string, started: (error: LowLevelError | undefined, channel: Channel) => void): void;
  ping: Peer["ping"];
  /** Whether there is work that the process must stay alive for. */
  hold(busy: boolean): void;
  close(): Promise<void>;
}

/** OpenSSH's MaxSessions is 10 a connection; a person's own multiplexed sessions may be among them. */
const CHANNELS = 4;

/** Runs commands over a link, a few at once, each as root. */
export function transportOver(link: Link, connection: Connection, counts: Counts): LiveTransport {
  const host = peerName(connection);
  const user = connection.user ?? "root";
  const channels = limiter(CHANNELS);
  counts.connections++;
  link.hold(false); // not before: a dial through a jump host is one piece of work

  const converse = (command: string, body: Readable, run: RunOptions): Promise<Output> =>
    new Promise((resolve, reject) => {
      const { step } = run;
      const notStarted = (cause?: LowLevelError) => new ConnectionLost(host, step, `${host}: ${step}: ${link.reason}`, false, cause);
      if (!link.alive) return reject(notStarted());
      try {
        link.exec(command, (error, channel) => {
          if (!error) {
            counts.trips++;
            // In this tick: the whole answer may be in the packet that tells of the start.
            return resolve(exchange(peer, channel, body, run));
          }
          if (!link.alive || error.reason === undefined) return reject(notStarted(error));
          reject(new NoSession(host, step, `${host}: ${step}: the server opens no session: ${error.message} (MaxSessions in its sshd_config?)`));
        });
      } catch (error) {
        reject(notStarted(error as LowLevelError)); // "Not connected": it ended a moment ago
      }
    });

  const peer = { host, reason: () => link.reason, ping: link.ping };
  const execute = async (command: string, body: Readable, run: RunOptions): Promise<Output> => {
    body.on("error", () => {}); // while it waits; sending it meets the error again
    for (;;) {
      await channels.enter();
      try {
        link.hold(true);
        const output = await converse(command, body, run);
        const problem = sudoProblem(user, output);
        if (problem) throw new Refused(host, run.step, `${host}: ${run.step}: ${problem}`);
        return output;
      } catch (error) {
        // Fewer sessions than we thought: wait for one of ours to end.
        if (!(error instanceof NoSession) || channels.active === 1) {
          body.destroy();
          throw error;
        }
        channels.lower(channels.active - 1);
      } finally {
        channels.leave();
        if (channels.active === 0) link.hold(false);
      }
    }
  };

  return {
    host,
    counts,
    get alive() {
      return link.alive;
    },
    run: (script, run) => execute(rootCommand(user, "sh -s"), inPieces(wholeOrNothing(script)), run),
    send: (command, body, run) => execute(rootCommand(user, `sh -c ${quoted(command)}`), body, run),
    close: () => link.close(),
  };
}

/** In pieces, so that a long script on a slow line shows life. */
function inPieces(text: string): Readable {
  const bytes = Buffer.from(text, "utf8");
  return Readable.from((function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  })(), { objectMode: false });
}
