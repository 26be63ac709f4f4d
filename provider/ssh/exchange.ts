import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { BodyFailed, ConnectionLost, TimedOut } from "./errors";
import type { Output, RunOptions } from "./transport";

/** A session channel on which a command has been started. */
export interface Channel extends Duplex {
  stderr: Readable;
  close(): void;
}

/** The connection that the channel belongs to. */
export interface Peer {
  host: string;
  /** Why it ended, once it has. */
  reason(): string;
  /** Calls back when the host has answered, after everything that it had sent before. */
  ping(answered: () => void): void;
}

const IDLE = 10 * 60_000;
/** A daemon that the command started may hold the output open: after the exit status and this long a silence it is not waited for. */
const LINGER = 1_000;

/**
 * Feeds `body` to the command and collects its answer.
 * Throws `ConnectionLost` when the channel ends without an exit status, `TimedOut` when neither side sent anything for the
 * time limit, `BodyFailed` when the body's stream fails. The channel is closed and the body destroyed in every case.
 */
export function exchange(peer: Peer, channel: Channel, body: Readable, options: RunOptions): Promise<Output> {
  const { host } = peer;
  const { step, timeoutMs = IDLE, onProgress } = options;
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const lines = lineReader(onProgress);
    let code: number | undefined;
    let settled = false;
    let linger: NodeJS.Timeout | undefined;

    const settle = (error?: Error) => {
      if (settled) return;
      settled = true;
      clearTimeout(idle);
      clearTimeout(linger);
      lines.end();
      body.destroy();
      channel.close();
      if (error) reject(error);
      else resolve({ stdout: text(stdout), stderr: text(stderr), code: code ?? 255 });
    };
    const idle = setTimeout(() => settle(new TimedOut(host, step,
      `${host}: ${step}: nothing was heard for ${seconds(timeoutMs)}; given up on (it may still be running there)`)), timeoutMs);
    let heard = 0;
    const alive = () => {
      if (settled) return;
      heard++;
      idle.refresh();
      linger?.refresh();
    };
    // A stalled line looks like a held output; only an answer of the host tells that nothing more is on its way.
    const lingered = () => {
      const before = heard;
      peer.ping(() => heard === before && settle());
    };

    channel.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      alive();
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      alive();
      lines.push(chunk);
    });
    channel.on("exit", (status: number | null) => {
      code = status ?? 255;
      linger = setTimeout(lingered, LINGER);
    });
    channel.on("close", () => settle(code === undefined
      ? new ConnectionLost(host, step, `${host}: ${step}: ${peer.reason()} before the answer was complete`, true) : undefined));
    // A write that crosses the other side's close; "close" tells what became of the command.
    channel.on("error", () => {});

    feed(channel, body, () => settled, alive).catch((error: Error) =>
      settle(new BodyFailed(host, step, `${host}: ${step}: the content could not be read: ${error.message}`, error)));
  });
}

/** Not `pipeline`: a channel that the other side closed never calls back, and a body must not wait for ever. */
async function feed(channel: Channel, body: Readable, over: () => boolean, alive: () => void): Promise<void> {
  for await (const chunk of body) {
    if (over() || !channel.writable) return;
    alive();
    if (!channel.write(chunk)) await drained(channel);
  }
  if (!over() && channel.writable) channel.end();
}

function drained(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      channel.off("drain", done).off("close", done);
      resolve();
    };
    channel.on("drain", done).on("close", done);
  });
}

function lineReader(onLine: ((line: string) => void) | undefined) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push(chunk: Buffer) {
      if (!onLine) return;
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop()!;
      lines.forEach((line) => onLine(line));
    },
    end() {
      if (onLine && rest) onLine(rest);
      rest = "";
    },
  };
}

/** Decoded whole, so that a character cut by a packet's edge survives. */
function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${ms / 1000} s` : `${Math.round(ms / 60_000)} min`;
}
