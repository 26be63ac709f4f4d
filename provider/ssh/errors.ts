import type { Connection } from "./transport";

/** Every failure of the connection itself. None of them says anything about what is or is not on the host. */
export class SshError extends Error {
  /** `user@host:port`, with its jump hosts. */
  readonly host: string;
  /** What was being done: "connecting", "handshake", "authentication", or the step named by the caller. */
  readonly step: string;

  constructor(host: string, step: string, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.host = host;
    this.step = step;
  }
}

/** The host could not be connected to: refused, no route, no such name, no answer in time. */
export class Unreachable extends SshError {
  /** False where another try would end the same way (an unknown name). */
  readonly transient: boolean;

  constructor(host: string, step: string, text: string, transient = true, cause?: unknown) {
    super(host, step, text, cause);
    this.transient = transient;
  }
}

/** Somebody answered and must not or will not be talked to: host key, credentials, no `sudo -n`, no session. */
export class Refused extends SshError {}

/** The server opens no (further) session on this connection. */
export class NoSession extends Refused {}

/** An established connection ended before the step's answer. What the step did on the host is not known. */
export class ConnectionLost extends SshError {
  /** False when nothing of the step had been sent, so that it certainly did not run. */
  readonly started: boolean;

  constructor(host: string, step: string, text: string, started: boolean, cause?: unknown) {
    super(host, step, text, cause);
    this.started = started;
  }
}

/** The step gave no sign of life for its time limit. It may still be running on the host. */
export class TimedOut extends SshError {}

/** The local stream that was being sent failed; the host may hold a part of it. */
export class BodyFailed extends SshError {}

/** `user@host:port (through admin@bastion:22)`: how messages name a connection. Holds no secret. */
export function peerName(connection: Connection): string {
  const { host, port = 22, user = "root", proxy } = connection;
  const name = `${user}@${host.includes(":") ? `[${host}]` : host}:${port}`;
  return proxy ? `${name} (through ${peerName(proxy)})` : name;
}

export interface LowLevelError extends Error {
  code?: string | number;
  level?: string;
  reason?: string | number;
}

const SOCKET_WORDS: Record<string, string> = {
  ECONNREFUSED: "connection refused; is sshd running, and is this its port?",
  ETIMEDOUT: "no answer; is the machine up, and does a firewall let SSH through?",
  EHOSTUNREACH: "no route to the host; is the machine up?",
  ENETUNREACH: "no route to its network",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  EAI_AGAIN: "the name could not be looked up now; does the resolver answer?",
  ENOTFOUND: "no such host name; check `host` in the connection",
};

/** Turns what the socket or the SSH library reported during a dial into an error that says what to do. */
export function dialError(host: string, step: string, error: LowLevelError): SshError {
  const { code, level, message } = error;
  const words = typeof code === "string" ? SOCKET_WORDS[code] : undefined;
  if (words) return new Unreachable(host, step, `cannot reach ${host}: ${words}`, code !== "ENOTFOUND", error);
  if (level === "handshake")
    return new Refused(host, step, `${host} answered, but there is no common way to talk: ${message}`, error);
  // A number is the reason of the server's own SSH disconnect message.
  if (typeof code === "number" && step === "authentication")
    return new Refused(host, step, `${host} ended the login: ${message}${tooMany(message)}`, error);
  return new Unreachable(host, step, `cannot reach ${host}: ${step} failed: ${message}`, true, error);
}

function tooMany(message: string): string {
  return /too many/i.test(message)
    ? " (an agent with many keys uses up the server's tries: name one key with privateKeyPath)"
    : "";
}

/** A jump host's answer to the request to connect onwards. */
export function forwardError(host: string, proxy: string, error: LowLevelError): SshError {
  const prohibited = error.reason === 1; // RFC 4254 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED
  if (prohibited)
    return new Refused(host, "connecting",
      `the jump host ${proxy} does not forward connections to ${host}: allow it there (AllowTcpForwarding, PermitOpen)`, error);
  return new Unreachable(host, "connecting",
    `the jump host ${proxy} cannot reach ${host}: ${error.message.replace("(SSH) Channel open failure: ", "")}`, true, error);
}
