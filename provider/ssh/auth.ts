import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import type { Connection } from "./transport";

type Prompt = { prompt: string; echo?: boolean };
type Answer = (answers: string[]) => void;

/** One way to log in, in the form that the SSH library takes. */
export type Method =
  | { type: "publickey"; username: string; key: Buffer | string; passphrase?: string }
  | { type: "agent"; username: string; agent: string }
  | { type: "password"; username: string; password: string }
  | { type: "keyboard-interactive"; username: string;
      prompt: (name: string, instructions: string, language: string, prompts: Prompt[], answer: Answer) => void };

export interface Attempt {
  /** How messages call it; never holds a secret. */
  label: string;
  method: Method;
}

export interface Credentials {
  attempts: Attempt[];
  /** Why something that was given cannot be used: named if nothing else works either. */
  notes: string[];
}

/** What the SSH library says of a key: an Error, or something that knows whether it is private. */
export type ParseKey = (key: Buffer | string, passphrase?: string) => Error | { isPrivateKey(): boolean };

/**
 * The ways to log in, best first: keys that were named, then the agent, then the password. Named keys come before the
 * agent's because a server counts every key offered. What cannot be used becomes a note, as with ssh(1).
 */
export async function credentialsOf(connection: Connection, parseKey: ParseKey, environment = process.env): Promise<Credentials> {
  const { user: username = "root", password, privateKey, privateKeyPassword, privateKeyPath } = connection;
  const found: Credentials = { attempts: [], notes: [] };
  const addKey = (label: string, key: Buffer | string) => {
    const problem = keyProblem(parseKey(key, privateKeyPassword), privateKeyPassword);
    if (problem) found.notes.push(`${label} ${problem}`);
    else found.attempts.push({ label, method: { type: "publickey", username, key, passphrase: privateKeyPassword } });
  };

  if (privateKey) addKey("the key in privateKey", privateKey);
  if (privateKeyPath) {
    if (/\n|PRIVATE KEY/.test(privateKeyPath)) found.notes.push("privateKeyPath holds a key, not a path: give it as privateKey");
    else {
      const file = await readFile(expandHome(privateKeyPath)).catch((error: NodeJS.ErrnoException) => error);
      if (file instanceof Error) found.notes.push(`the key file ${privateKeyPath} (privateKeyPath) ${fileProblem(file)}`);
      else addKey(`the key file ${privateKeyPath}`, file);
    }
  }
  const given = privateKey || privateKeyPath || password !== undefined;
  const agent = connection.agentSocketPath || (given ? undefined : environment.SSH_AUTH_SOCK);
  if (agent) found.attempts.push({ label: `the agent at ${agent}`, method: { type: "agent", username, agent: expandHome(agent) } });
  if (password !== undefined) {
    found.attempts.push({ label: "the password", method: { type: "password", username, password } });
    found.attempts.push({ label: "the password (keyboard-interactive)",
      method: { type: "keyboard-interactive", username, prompt: answerOnce(password) } });
  }
  return found;
}

/** Answers the first hidden prompt only: the password is not the answer to a second question. */
function answerOnce(password: string) {
  let used = false;
  return (_name: string, _instructions: string, _language: string, prompts: Prompt[], answer: Answer) => {
    answer(prompts.map((prompt) => {
      if (used || prompt.echo) return "";
      used = true;
      return password;
    }));
  };
}

/** Walks through the attempts as the server refuses them, skipping what it does not take, and remembers what happened. */
export function attemptsInTurn(credentials: Credentials): {
  next(methodsLeft: string[] | null): Method | false;
  /** Why the current attempt fails, where it is not the server's refusal. */
  failed(reason: string): void;
  tried(): string;
} {
  const story = [...credentials.notes];
  const waiting = [...credentials.attempts];
  let current: Attempt | undefined;
  let reason: string | undefined;
  let offered: string[] = [];
  return {
    next(methodsLeft) {
      if (current) story.push(`${current.label} ${reason ?? (current.method.type === "agent" ? "holds no key that is accepted" : "was refused")}`);
      current = reason = undefined;
      if (methodsLeft) offered = methodsLeft;
      for (let attempt = waiting.shift(); attempt; attempt = waiting.shift()) {
        const needs = attempt.method.type === "agent" ? "publickey" : attempt.method.type;
        // A password is not shown to a server that does not ask for one.
        if (methodsLeft && !methodsLeft.includes(needs)) {
          story.push(`${attempt.label} was not tried, because the server does not take it`);
          continue;
        }
        current = attempt;
        return attempt.method;
      }
      return false;
    },
    failed(text) {
      reason = `failed (${text})`;
    },
    tried() {
      return story.join("; ") + (offered.length ? `; the server takes ${offered.join(", ")}` : "");
    },
  };
}

export function refusedText(host: string, user: string, tried: string): string {
  const rootPassword = user === "root" && /the password/.test(tried)
    ? " Debian's sshd lets root log in with a key only (PermitRootLogin prohibit-password)." : "";
  return `${host} refused the login: ${tried}. ` +
    `Mend: put the public key into ${user === "root" ? "/root" : `~${user}`}/.ssh/authorized_keys on the host, or correct the connection.${rootPassword}`;
}

export function nothingText(host: string, notes: string[]): string {
  const why = notes.length ? notes.join("; ") : "the connection gives no credentials and SSH_AUTH_SOCK is not set";
  return `cannot log in to ${host}: ${why}. Mend: give privateKeyPath, privateKey, agentSocketPath or password, or start an ssh-agent.`;
}

function keyProblem(parsed: ReturnType<ParseKey>, passphrase: string | undefined): string | undefined {
  if (!(parsed instanceof Error)) return parsed.isPrivateKey() ? undefined : "is a public key; the private one is needed";
  if (/no passphrase/i.test(parsed.message)) return "is encrypted: give its passphrase as privateKeyPassword";
  if (passphrase && /passphrase|decrypt|integrity/i.test(parsed.message)) return "does not open with privateKeyPassword";
  return "is not a private key in a format that is known here (OpenSSH, PEM, PPK)";
}

function fileProblem(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "does not exist on the machine that runs Pulumi";
  if (error.code === "EACCES") return "may not be read by the user who runs Pulumi";
  return `cannot be read (${error.code})`;
}

export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? homedir() + path.slice(1) : path;
}
