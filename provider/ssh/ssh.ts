import { connect as dialTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Client, utils, type AnyAuthMethod } from "ssh2";
import { attemptsInTurn, credentialsOf, nothingText, refusedText } from "./auth";
import { meter, type Meter } from "./counts";
import { dialError, forwardError, peerName, Refused, SshError, Unreachable, type LowLevelError } from "./errors";
import { algorithmsFor, allAlgorithms, hostKeyOf, missingText, parseHostKeys, wrongText, type Algorithm, type HostKey } from "./hostKey";
import { createPool } from "./pool";
import { transportOver, type Link, type LiveTransport } from "./session";
import type { Connection } from "./transport";

export interface DialOptions {
  /** Told why a dial failed and that it is tried again. */
  onRetry?: (text: string) => void;
  /** Milliseconds between questions to a silent host; after four without any answer the connection is lost. Default 15 s. */
  keepaliveMs?: number;
  /** Milliseconds before the first retry; doubled for each further one up to 5 s. Default 500. */
  backoffMs?: number;
  /** Ends the dial, its waits included. */
  signal?: AbortSignal;
  meter?: Meter;
}

const KEEPALIVE = 15_000;
const KEEPALIVE_COUNT = 4;

const pool = createPool(connect);
/**
 * This process's one connection to a master, dialled if there is none or it died. Callers at the same time share one dial.
 * Ask again for each piece of work: a transport that died stays dead. Throws as `connect` does.
 */
export const transportFor = pool.transportFor;
/** Ends every connection of the pool, those being dialled included. */
export const closeAll = pool.closeAll;

/**
 * Connects to a master. Throws `Unreachable` (after `dialErrorLimit` more tries where waiting can help) or `Refused` (at once:
 * host key, credentials). An idle connection does not keep the process alive.
 */
export async function connect(connection: Connection, given: DialOptions = {}): Promise<LiveTransport> {
  const options = { meter: meter(), ...given };
  const limit = connection.dialErrorLimit ?? 10;
  for (let tries = 1; ; tries++) {
    try {
      return transportOver(await openLink(connection, options), connection, options.meter.counts);
    } catch (error) {
      if (!(error instanceof Unreachable) || !error.transient || tries === limit + 1 || options.signal?.aborted) {
        if (tries > 1 && error instanceof SshError) error.message += ` (tried ${tries} times)`;
        throw error;
      }
      options.onRetry?.(`${error.message}; trying again (${tries}${limit < 0 ? "" : ` of ${limit}`})`);
      await delay(Math.min((options.backoffMs ?? 500) * 2 ** (tries - 1), 5000), undefined, { signal: options.signal }).catch(() => {});
      if (options.signal?.aborted) throw error;
    }
  }
}

/** A link that another one can go through. */
interface Hop extends Link {
  client: Client;
  /** The TCP connection at the bottom. */
  socket: Socket;
}

/** A stream to the host, and whatever lies below it. */
interface Route {
  stream: Duplex;
  socket: Socket;
  below?: Hop;
}

async function openLink(connection: Connection, options: DialOptions): Promise<Hop> {
  const host = peerName(connection);
  const expected = pinnedKeys(host, connection);
  const attempt = async (algorithms: Algorithm[], keys: HostKey[]): Promise<Hop> => {
    const route = await openRoute(connection, options);
    try {
      return linkOver(await handshake(connection, route, algorithms, keys, options.signal), route, options);
    } catch (error) {
      route.socket.destroy();
      throw error;
    }
  };
  if (!expected.length) return attempt(allAlgorithms(), []);
  return attempt(algorithmsFor(expected), expected).catch((error: unknown) => {
    // The host has no key of the pinned type: ask what it has, to be able to say so.
    if (error instanceof Refused && /no matching host key/.test(error.message)) return attempt(allAlgorithms(), expected);
    throw error;
  });
}

function pinnedKeys(host: string, connection: Connection): HostKey[] {
  if (!connection.hostKey) return [];
  try {
    return parseHostKeys(connection.hostKey);
  } catch (error) {
    throw new Refused(host, "host key", `${host}: ${(error as Error).message}`);
  }
}

async function openRoute(connection: Connection, options: DialOptions): Promise<Route> {
  const { host, port = 22, proxy } = connection;
  if (!proxy) {
    const socket = dialTcp({ host, port, noDelay: true });
    options.meter?.track(socket);
    return { stream: socket, socket };
  }
  const below = await openLink(proxy, options);
  return new Promise((resolve, reject) => {
    const fail = (error: LowLevelError) => {
      clearTimeout(timer);
      void below.close();
      reject(forwardError(`${host}:${port}`, peerName(proxy), error));
    };
    const timer = setTimeout(() => fail(new Error(`no answer in ${dialLimit(connection) / 1000} s (perDialTimeout)`)), dialLimit(connection));
    try {
      below.client.forwardOut("127.0.0.1", 0, host, port, (error, stream) => {
        if (error) return fail(error);
        clearTimeout(timer);
        resolve({ stream, socket: below.socket, below });
      });
    } catch (error) {
      fail(error as Error); // "Not connected": it ended a moment ago
    }
  });
}

/** Milliseconds for each part of a dial: the jump host, its connection onwards, the host. */
function dialLimit({ perDialTimeout = 15 }: Connection): number {
  // 0 waits for ever: Node's longest timer is 24 days.
  return perDialTimeout ? perDialTimeout * 1000 : 2 ** 31 - 1;
}

async function handshake(connection: Connection, route: Route, serverHostKey: Algorithm[], expected: HostKey[],
  signal?: AbortSignal): Promise<Client> {
  const host = peerName(connection);
  const limit = dialLimit(connection);
  let step = route.below ? "handshake" : "connecting";
  // Before the first await: an "error" of the socket must find a listener.
  return new Promise((resolve, reject) => {
    const client = new Client();
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: SshError) => {
      settled();
      client.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Unreachable(host, step,
      `cannot reach ${host}: ${step} took longer than ${limit / 1000} s (perDialTimeout)`)), limit);
    const abort = () => fail(new Unreachable(host, step, `${host}: the dial was given up`, false));
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort);
    route.stream.once("connect", () => (step = "handshake"));
    client.on("error", (error: LowLevelError) => {
      if (error.level === "agent") return turns?.failed(error.message); // the next way is tried
      if (error.level === "client-authentication")
        return fail(new Refused(host, step, refusedText(host, connection.user ?? "root", turns?.tried() ?? "")));
      fail(dialError(host, step, error));
    });
    client.on("handshake", () => (step = "authentication"));
    client.on("change password", () => fail(new Refused(host, step,
      `${host}: the password of "${connection.user ?? "root"}" has expired: log in once by hand and change it`)));
    client.on("close", () => fail(new Unreachable(host, step, `cannot reach ${host}: it closed the connection (${step})`)));
    client.on("ready", () => {
      settled();
      resolve(client);
    });

    let turns: ReturnType<typeof attemptsInTurn> | undefined;
    const verify = (blob: Buffer, answer: (good: boolean) => void) => {
      const good = expected.some((key) => key.blob.equals(blob));
      if (!good) {
        const presented = hostKeyOf(blob) ?? { type: "unknown", blob };
        fail(new Refused(host, "host key", expected.length ? wrongText(host, expected, presented) : missingText(host, presented)));
      }
      answer(good);
    };
    credentialsOf(connection, parseKey).then((credentials) => {
      if (expected.length && !credentials.attempts.length)
        return fail(new Refused(host, "authentication", nothingText(host, credentials.notes)));
      const inTurn = (turns = attemptsInTurn(credentials));
      client.connect({
        sock: route.stream as Socket,
        username: connection.user ?? "root",
        readyTimeout: 0, // the timer above covers the TCP connection too
        algorithms: { serverHostKey },
        hostVerifier: verify,
        authHandler: (left, _partial, next) => next(inTurn.next(left) as AnyAuthMethod),
      });
    }).catch((error: Error) => fail(dialError(host, step, error)));
    route.stream.on("error", (error: LowLevelError) => fail(dialError(host, step, error)));
  });
}

function parseKey(key: Buffer | string, passphrase?: string) {
  const parsed = utils.parseKey(key, passphrase);
  return Array.isArray(parsed) ? parsed[0]! : parsed;
}

function linkOver(client: Client, route: Route, options: DialOptions): Hop {
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const link: Hop = {
    client,
    socket: route.socket,
    alive: true,
    reason: "the connection was lost",
    // The library's own keep-alive holds the process open. Cancelling a forward that does not exist is a question that
    // every server answers and that changes nothing.
    ping(answered) {
      try {
        client.unforwardIn("localhost", 1, answered);
      } catch {
        // Not connected: "close" is on its way.
      }
    },
    exec: (command, started) => void client.exec(command, started),
    hold: (busy) => void (busy ? route.socket.ref() : route.socket.unref()),
    async close() {
      if (link.alive) link.reason = "the connection was closed";
      client.end();
      await Promise.race([closed, delay(1000)]);
      client.destroy();
      await route.below?.close();
    },
  };
  client.on("error", (error: LowLevelError) => (link.reason = `the connection was lost (${error.code ?? error.message})`));
  client.on("close", () => {
    link.alive = false;
    clearInterval(timer);
    route.socket.destroy();
  });
  let silent = 0;
  route.stream.on("data", () => (silent = 0));
  const timer = setInterval(() => {
    if (silent++ < KEEPALIVE_COUNT) return link.ping(() => {});
    link.reason = `the connection was lost (nothing heard for ${(KEEPALIVE_COUNT * (options.keepaliveMs ?? KEEPALIVE)) / 1000} s)`;
    route.socket.destroy();
  }, options.keepaliveMs ?? KEEPALIVE).unref();
  return link;
}
