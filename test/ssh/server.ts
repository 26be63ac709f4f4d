import { spawn, type ChildProcess } from "node:child_process";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import ssh2 from "ssh2";
import type { Connection as MasterConnection } from "../../provider/dist/ssh/transport.js";
import { keyPair, type KeyType } from "./keys.ts";

export interface ServerOptions {
  /** Host keys that it has. Default: ed25519 only. */
  hostKeys?: KeyType[];
  /** Public keys (`type base64`) that may log in, as any user. Default: the key of `connection`. */
  authorized?: string[];
  password?: string;
  /** Takes the password only as the answer to a question (PAM's way). */
  passwordByQuestion?: boolean;
  maxSessions?: number;
  /** Put before `sh -c COMMAND`: a chroot, an unshare. */
  prefix?: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Called before a command is started; a rejection refuses it. */
  onCommand?: (command: string) => void | Promise<void>;
  /** Answers every command with this, in one go with the session's start: as a fast host is heard by a busy client. */
  atOnce?: string | (() => string);
}

/** One message of a session, in the order in which they passed the server. */
export interface Message {
  /** `exec` and `in` come from the client, `out` (stdout, stderr) and `exit` go to it. */
  kind: "exec" | "in" | "out" | "exit";
  bytes: number;
}

export interface Cut {
  /** The connection ends instead of this message being passed on; 1 is the next one. */
  at?: number;
  /** Only messages of this kind are counted. Default: all. */
  kind?: Message["kind"];
  /** …or instead of the message that would exceed this many bytes, both ways together. */
  bytes?: number;
  /** The machine loses power: what runs on it is killed. Otherwise only the line is cut, and commands go on without it. */
  host?: boolean;
  /** Called before the line is cut: for what dies with it. */
  then?: () => void;
}

/** A host for tests that need no Docker: SSH in this process, commands run by the real `sh`. Port on 127.0.0.1. */
export async function startServer(options: ServerOptions = {}) {
  const { hostKeys = ["ed25519"], maxSessions = 10 } = options;
  const client = keyPair("ed25519", "client");
  const authorized = (options.authorized ?? [client.public]).map((line) => line.split(" ")[1]!);
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  const seen = { connections: 0, commands: [] as string[], users: [] as string[], mostSessions: 0, journal: [] as Message[] };
  let armed: (Cut & { count: number; passed: number }) | undefined;

  /** Journals a message; false when the connection ended instead of it. */
  function pass(kind: Message["kind"], bytes: number): boolean {
    seen.journal.push({ kind, bytes });
    if (!armed || kind !== (armed.kind ?? kind)) return true;
    armed.count++;
    armed.passed += bytes;
    if (armed.count !== armed.at && armed.passed <= (armed.bytes ?? Infinity)) return true;
    const { host, then } = armed;
    armed = undefined;
    then?.();
    if (host) for (const child of children) killGroup(child);
    for (const socket of sockets) socket.destroy();
    return false;
  }

  const ssh = new ssh2.Server({ hostKeys: hostKeys.map((type) => keyPair(type, "host").private) }, (connection) => {
    seen.connections++;
    let sessions = 0;
    connection.on("error", () => {}); // a connection that was cut
    connection.on("authentication", (context) => {
      if (mayLogIn(context)) {
        seen.users.push(context.username);
        return context.accept();
      }
      if (context.method === "keyboard-interactive" && options.password !== undefined)
        return context.prompt([{ prompt: "Password: ", echo: false }], ([answer]) =>
          answer === options.password ? context.accept() : context.reject());
      context.reject(["publickey", ...(options.password === undefined ? [] : options.passwordByQuestion
        ? ["keyboard-interactive" as const] : ["password" as const, "keyboard-interactive" as const])]);
    });
    connection.on("session", (accept, reject) => {
      if (sessions >= maxSessions) return void reject?.();
      seen.mostSessions = Math.max(seen.mostSessions, ++sessions);
      const session = accept();
      session.on("close", () => sessions--);
      session.on("exec", async (take, refuse, { command }) => {
        seen.commands.push(command);
        if (!pass("exec", command.length)) return;
        try {
          await options.onCommand?.(command);
        } catch {
          return refuse?.();
        }
        const stream = take();
        if (options.atOnce === undefined) return execute(stream, command);
        stream.write(typeof options.atOnce === "string" ? options.atOnce : options.atOnce());
        stream.exit(0);
        stream.end();
      });
    });
    connection.on("tcpip", (accept, reject, info) => {
      const onward = connect(info.destPort, info.destIP);
      onward.once("error", () => reject());
      onward.once("connect", () => {
        const stream = accept();
        stream.pipe(onward).pipe(stream);
        onward.on("error", () => stream.close());
        stream.on("close", () => onward.destroy());
      });
    });
  });

  function mayLogIn(context: ssh2.AuthContext): boolean {
    if (context.method === "password") return !options.passwordByQuestion && context.password === options.password;
    if (context.method !== "publickey" || !authorized.includes(context.key.data.toString("base64"))) return false;
    const key = ssh2.utils.parseKey(`${context.key.algo.startsWith("rsa") ? "ssh-rsa" : context.key.algo} ${context.key.data.toString("base64")}`);
    return !context.signature || (key as ssh2.ParsedKey).verify(context.blob!, context.signature, context.hashAlgo) === true;
  }

  /** As sshd does it: a lost connection closes the command's pipes and nothing else. */
  function execute(stream: ssh2.ServerChannel, command: string): void {
    const { prefix = [], env = process.env, cwd } = options; // read now: a test may have put another host behind it
    const [file, ...rest] = [...prefix, "sh", "-c", command];
    const child = spawn(file!, rest, { env, cwd, detached: true });
    children.add(child);
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      if (!pass("in", chunk.length) || !child.stdin.writable) return;
      if (!child.stdin.write(chunk)) {
        stream.pause();
        child.stdin.once("drain", () => stream.resume());
      }
    });
    stream.on("end", () => child.stdin.end());
    stream.on("close", () => {
      child.stdin.end();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.stdin.on("error", () => stream.resume());
    child.on("error", () => {
      stream.exit(127);
      stream.end();
    });
    for (const [from, to] of [[child.stdout, stream], [child.stderr, stream.stderr]] as const)
      from.on("data", (chunk: Buffer) => {
        // One channel message holds at most 32 KiB.
        for (let at = 0; at < chunk.length; at += 32_768) {
          const piece = chunk.subarray(at, at + 32_768);
          if (!pass("out", piece.length)) return;
          if (stream.writable) to.write(piece);
        }
      });
    child.on("exit", (code, signal) => {
      if (stream.writable && pass("exit", 0)) signal ? stream.exit(signal.slice(3)) : stream.exit(code ?? 255);
    });
    child.on("close", () => {
      children.delete(child);
      stream.end();
    });
  }

  // A server of our own in front: cutting needs the sockets.
  const tcp = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  const { port } = tcp.address() as AddressInfo;

  return {
    port,
    seen,
    hostKey: (type: KeyType = hostKeys[0]!) => keyPair(type, "host").public,
    /** What a client needs to log in as root. */
    connection: { host: "127.0.0.1", port, privateKey: client.private, hostKey: keyPair(hostKeys[0]!, "host").public,
      dialErrorLimit: 0 } as MasterConnection,
    /** Arms one cut, counted from now; the next connection works again. Without an argument: disarms. */
    cut(cut?: Cut) {
      armed = cut && { ...cut, count: 0, passed: 0 };
    },
    /** Cuts every connection now. */
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    /** Hears nothing from now on, like a machine that hangs. */
    freeze() {
      for (const socket of sockets) socket.pause();
    },
    /** Resolves when no command runs any more: after a cut, what it started may go on. */
    async idle() {
      await Promise.all([...children].map((child) => new Promise((resolve) => child.once("close", resolve))));
    },
    async close() {
      for (const child of children) killGroup(child);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof startServer>>;

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It has ended.
  }
}
