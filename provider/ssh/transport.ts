import type { Readable } from "node:stream";

export type { ConnectionInput as Connection } from "@pulumi-netboot/schema";

/** What a connection has cost so far; the benchmark and the tests read these. */
export interface Counts {
  connections: number;
  /** Commands run: each is one round trip of the protocol above SSH's own. */
  trips: number;
  bytesOut: number;
  bytesIn: number;
}

export interface Output {
  stdout: string;
  stderr: string;
  /** Exit status; 255 when a signal ended it. */
  code: number;
}

export interface RunOptions {
  /** What is being done, for messages: "probe", "apply". */
  step: string;
  /** Milliseconds without any output after which the step counts as hung. Default 10 minutes. */
  timeoutMs?: number;
  /** Each line of stderr as it arrives: the script's progress. */
  onProgress?: (line: string) => void;
}

/** One master, as the engine sees it. Everything runs as root (`sudo -n` where the user is not). */
export interface Transport {
  readonly host: string;
  readonly counts: Counts;
  /**
   * Runs a POSIX shell script sent whole on standard input, never in argv; its own standard input is empty. A script that
   * arrives cut short does not run at all. A non-zero exit is an answer, not an error.
   * Throws `ConnectionLost` (with `started`), `TimedOut`, or `Refused` where root is not to be had with `sudo -n`; see errors.ts.
   */
  run(script: string, options: RunOptions): Promise<Output>;
  /**
   * Runs a short constant command (no secrets: it is seen in argv) and feeds it a stream on standard input. To the command a
   * stream that broke looks as if it had ended: what it stored counts only when its digest is right.
   * Throws as `run` does, and `BodyFailed` when the stream itself fails. The stream is destroyed in every case.
   */
  send(command: string, body: Readable, options: RunOptions): Promise<Output>;
  close(): Promise<void>;
}
