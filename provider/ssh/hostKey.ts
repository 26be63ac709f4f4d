import { createHash } from "node:crypto";

/** A host's public key. */
export interface HostKey {
  /** The key's type as in known_hosts: `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256`, … */
  type: string;
  blob: Buffer;
}

/** Signature algorithms by key type. SHA-1 (`ssh-rsa` as an algorithm) is left out on purpose. */
const ALGORITHMS = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
} as const;
export type Algorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];
const TYPES = Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[];
const ALLOWED = `Write it as ssh-keyscan or a .pub file does: hostKey: "ssh-ed25519 AAAA…" (types: ${TYPES.join(", ")})`;

/**
 * The keys that a connection's `hostKey` pins: `type base64 [comment]`, with or without the host's name in
 * front, one a line (so that all of `ssh-keyscan`'s output may be pasted; any of the keys then counts).
 * Throws an Error whose text says what is wrong and how to write it; it never repeats what could be a private key.
 */
export function parseHostKeys(text: string): HostKey[] {
  if (text.includes("PRIVATE KEY")) throw new Error(`hostKey holds a private key; it is the host's *public* key. ${ALLOWED}`);
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  if (!lines.length) throw new Error(`hostKey is empty. ${ALLOWED}`);
  return lines.map(parseLine);
}

function parseLine(line: string): HostKey {
  if (line.startsWith("@")) throw new Error(`hostKey with a marker (@cert-authority, @revoked) is not supported. ${ALLOWED}`);
  if (/^(SHA256|MD5):/.test(line)) throw new Error(`hostKey is a fingerprint; the whole key is needed. ${ALLOWED}`);
  const words = line.split(/\s+/);
  const at = words.slice(0, 2).findIndex((word) => (TYPES as string[]).includes(word));
  if (at < 0) {
    const bare = words.length === 1 ? decode(words[0]!) : undefined;
    throw new Error(bare
      ? `hostKey lacks the key's type: write hostKey: "${hostKeyLine(bare)}"`
      : `hostKey names no key type that is known here. ${ALLOWED}`);
  }
  const key = decode(words[at + 1] ?? "");
  if (!key) throw new Error(`hostKey has no valid key behind "${words[at]}" (cut short when it was copied?). ${ALLOWED}`);
  if (key.type !== words[at]) throw new Error(`hostKey says "${words[at]}", but the key behind it is "${key.type}". ${ALLOWED}`);
  return key;
}

function decode(base64: string): HostKey | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = hostKeyOf(Buffer.from(base64, "base64"));
  return key && (TYPES as string[]).includes(key.type) ? key : undefined;
}

/** The key in SSH's wire form: length-prefixed fields, the first being the type. Undefined when a field is cut short. */
export function hostKeyOf(blob: Buffer): HostKey | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    const end = at + 4 <= blob.length ? at + 4 + blob.readUInt32BE(at) : Infinity;
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields.length > 1 ? { type: fields[0]!.toString("latin1"), blob } : undefined;
}

/** The key as a user writes it: `ssh-ed25519 AAAA…`. */
export function hostKeyLine(key: HostKey): string {
  return `${key.type} ${key.blob.toString("base64")}`;
}

/** The key as `ssh-keygen -l` prints it: `SHA256:…`. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

/** What to negotiate so that a server with keys of several types presents a pinned one. */
export function algorithmsFor(keys: HostKey[]): Algorithm[] {
  return [...new Set(keys.flatMap((key) => [...ALGORITHMS[key.type as keyof typeof ALGORITHMS]]))];
}

export function allAlgorithms(): Algorithm[] {
  return Object.values(ALGORITHMS).flat();
}

/** The first contact: what to paste, after having compared it by another way. */
export function missingText(host: string, presented: HostKey): string {
  return [
    `${host}: hostKey is missing from the connection, so the host cannot be told from an impostor; nothing was sent to it.`,
    `It presented a key with the fingerprint ${fingerprint(presented)}.`,
    `Compare that with what \`${onTheHost(presented)}\` prints on the host itself, then paste this line into the connection:`,
    `    hostKey: "${hostKeyLine(presented)}"`,
  ].join("\n");
}

export function wrongText(host: string, expected: HostKey[], presented: HostKey): string {
  return [
    `${host}: this is not the host that hostKey names; nothing was sent to it.`,
    ...expected.map((key) => `    expected:  ${hostKeyLine(key)} (${fingerprint(key)})`),
    `    presented: ${hostKeyLine(presented)} (${fingerprint(presented)})`,
    `If the machine was rebuilt, compare the presented key on its console (\`${onTheHost(presented)}\`), write`,
    `    hostKey: "${hostKeyLine(presented)}"`,
    `into the connection and run \`pulumi up\`, without --refresh. If it was not, something else answers at this address.`,
  ].join("\n");
}

function onTheHost(key: HostKey): string {
  const name = key.type.startsWith("ecdsa") ? "ecdsa" : key.type.replace("ssh-", "");
  return `ssh-keygen -lf /etc/ssh/ssh_host_${name}_key.pub`;
}
