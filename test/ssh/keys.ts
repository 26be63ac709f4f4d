import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";

export type KeyType = "ed25519" | "rsa" | "ecdsa";
export interface KeyPair {
  private: string;
  /** `ssh-ed25519 AAAA…` */
  public: string;
}

const made = new Map<string, KeyPair>();

/** A fresh key pair; the same one for the same type and name within a process. */
export function keyPair(type: KeyType, name = ""): KeyPair {
  const known = made.get(type + name);
  if (known) return known;
  const pair = type === "rsa" ? rsa() : type === "ecdsa" ? ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }) : ed25519({});
  const result = { private: pair.private, public: pair.public.trim() };
  made.set(type + name, result);
  return result;
}

/** The library's own generator makes RSA keys several times slower. */
function rsa(): KeyPair {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  const parsed = ssh2.utils.parseKey(pem) as ssh2.ParsedKey;
  return { private: pem, public: `ssh-rsa ${parsed.getPublicSSH().toString("base64")}` };
}

export function encryptedKeyPair(passphrase: string): KeyPair {
  return ed25519({ passphrase, cipher: "aes256-ctr", rounds: 2 });
}

/** An ssh-agent in this process that holds these keys. */
export async function startAgent(keys: KeyPair[]) {
  const path = join(mkdtempSync(join(tmpdir(), "agent-")), "socket");
  const parsed = keys.map((key) => ssh2.utils.parseKey(key.private) as ssh2.ParsedKey);
  const server = createServer((socket) => {
    const agent = new ssh2.AgentProtocol(false);
    agent.on("identities", (request) => agent.getIdentitiesReply(request, parsed));
    agent.on("sign", (request, publicKey, data, options) => {
      const key = parsed.find((one) => one.getPublicSSH().equals((publicKey as ssh2.ParsedKey).getPublicSSH()))!;
      agent.signReply(request, key.sign(data, options.hash));
    });
    socket.pipe(agent).pipe(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, close: () => server.close() };
}

/** One key in 256 begins with a zero byte, which the library's generator leaves out; such a key is none. */
export function ed25519(options: object): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", options as never);
    if (Buffer.from(pair.public.split(" ")[1]!, "base64").length === 51) return { private: pair.private, public: pair.public.trim() };
  }
}
