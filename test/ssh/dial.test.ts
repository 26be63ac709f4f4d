import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Refused, Unreachable } from "../../provider/dist/ssh/errors.js";
import { connect } from "../../provider/dist/ssh/ssh.js";
import type { Connection } from "../../provider/dist/ssh/transport.js";
import { encryptedKeyPair, keyPair, startAgent } from "./keys.ts";
import { startServer } from "./server.ts";

const SECRET = "correct-horse-battery";
const folder = mkdtempSync(join(tmpdir(), "keys-"));

async function hello(connection: Connection): Promise<void> {
  const transport = await connect(connection);
  assert.equal((await transport.run("echo hello", { step: "probe" })).stdout, "hello\n");
  await transport.close();
}

/** The error of a dial that must be refused; no secret may be in it. */
async function refusal(connection: Connection): Promise<string> {
  const error = await connect(connection).then(() => assert.fail("was let in"), (error: Error) => error);
  assert(error instanceof Refused, `${error}`);
  const all = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  assert(!all.includes(SECRET) && !all.includes("PRIVATE KEY") && !all.includes("b3BlbnNzaC1rZXkt"), all);
  return error.message;
}

test("a key, an RSA key, a key file and a key file under ~", async (t) => {
  const rsa = keyPair("rsa", "client");
  const own = keyPair("ed25519", "client");
  const server = await startServer({ authorized: [own.public, rsa.public] });
  t.after(server.close);
  const { privateKey: _, ...base } = server.connection;
  await hello(server.connection);
  await hello({ ...base, privateKey: rsa.private });
  writeFileSync(join(folder, "id"), own.private, { mode: 0o600 });
  await hello({ ...base, privateKeyPath: join(folder, "id") });
  const home = process.env.HOME;
  process.env.HOME = folder;
  t.after(() => (process.env.HOME = home));
  await hello({ ...base, privateKeyPath: "~/id" });
  await hello({ ...base, privateKeyPath: "~/missing", privateKey: own.private });
});

test("an encrypted key", async (t) => {
  const pair = encryptedKeyPair(SECRET);
  const server = await startServer({ authorized: [pair.public] });
  t.after(server.close);
  const connection = { ...server.connection, privateKey: pair.private };
  await hello({ ...connection, privateKeyPassword: SECRET });
  assert.match(await refusal(connection), /privateKey is encrypted: give its passphrase as privateKeyPassword/);
  assert.match(await refusal({ ...connection, privateKeyPassword: `${SECRET}!` }), /does not open with privateKeyPassword/);
});

test("an agent, named or from SSH_AUTH_SOCK", async (t) => {
  const [server, agent] = await Promise.all([startServer(), startAgent([keyPair("rsa", "other"), keyPair("ed25519", "client")])]);
  t.after(server.close);
  t.after(agent.close);
  const { privateKey: _, ...base } = server.connection;
  const before = process.env.SSH_AUTH_SOCK;
  t.after(() => (before === undefined ? delete process.env.SSH_AUTH_SOCK : (process.env.SSH_AUTH_SOCK = before)));
  process.env.SSH_AUTH_SOCK = "";
  await hello({ ...base, agentSocketPath: agent.path });
  assert.match(await refusal(base), /no credentials and SSH_AUTH_SOCK is not set/);
  process.env.SSH_AUTH_SOCK = agent.path;
  await hello(base);
  assert.match(await refusal({ ...base, agentSocketPath: join(folder, "no-agent") }), /the agent at .*no-agent failed \(Failed to connect to agent/);
  const empty = await startAgent([keyPair("rsa", "other")]);
  t.after(empty.close);
  assert.match(await refusal({ ...base, agentSocketPath: empty.path }), /holds no key that is accepted/);
});

test("a password, also as the answer to a question, also behind a refused key", async (t) => {
  for (const passwordByQuestion of [false, true]) {
    const server = await startServer({ password: SECRET, passwordByQuestion, authorized: [] });
    t.after(server.close);
    const { privateKey: _, ...base } = server.connection;
    await hello({ ...base, password: SECRET });
    await hello({ ...server.connection, password: SECRET });
    const wrong = await refusal({ ...base, password: `${SECRET}?` });
    assert.match(wrong, /refused the login: the password/);
  }
});

test("a refusal names the host, the user, each way that was tried, and the mend; it is not tried again", async (t) => {
  const server = await startServer({ authorized: [] });
  t.after(server.close);
  const connection = { ...server.connection, user: "ops", password: SECRET, privateKeyPath: join(folder, "gone"), dialErrorLimit: 5 };
  const text = await refusal(connection);
  assert.match(text, /^ops@127\.0\.0\.1:\d+ refused the login/);
  assert.match(text, /key file .*gone \(privateKeyPath\) does not exist on the machine that runs Pulumi/);
  assert.match(text, /the key in privateKey was refused/);
  assert.match(text, /the password was not tried, because the server does not take it/);
  assert.match(text, /authorized_keys/);
  assert.equal(server.seen.connections, 1);
});

test("a key given as a path, a public key, rubbish: told without showing it", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const { privateKey, ...base } = server.connection;
  assert.match(await refusal({ ...base, privateKeyPath: privateKey }), /holds a key, not a path/);
  assert.match(await refusal({ ...base, privateKey: keyPair("ed25519", "client").public }), /is a public key/);
  assert.match(await refusal({ ...base, privateKey: SECRET }), /not a private key in a format/);
  const file = join(folder, "unreadable");
  writeFileSync(file, SECRET);
  chmodSync(file, 0o000);
  assert.match(await refusal({ ...base, privateKeyPath: file }), /unreadable/);
});

test("through a jump host, each with its own host key", async (t) => {
  const jumpKey = keyPair("ed25519", "jump");
  const [server, jump] = await Promise.all([startServer(), startServer({ authorized: [jumpKey.public], hostKeys: ["ecdsa"] })]);
  t.after(server.close);
  t.after(jump.close);
  const proxy = { ...jump.connection, user: "hop", privateKey: jumpKey.private };
  const connection = { ...server.connection, proxy };
  await hello(connection);
  assert.deepEqual([jump.seen.users.at(-1), server.seen.users.at(-1), jump.seen.commands], ["hop", "root", []]);
  assert.match(await refusal({ ...connection, proxy: { ...proxy, hostKey: undefined } }), /^hop@127\.0\.0\.1:\d+: hostKey is missing/);
  assert.match(await refusal({ ...connection, hostKey: undefined }), /^root@.* \(through hop@.*\): hostKey is missing/);
  await server.close();
  await assert.rejects(connect(connection), (error) => error instanceof Unreachable && /the jump host hop@.* cannot reach 127\.0\.0\.1:\d+/.test(error.message));

  const revived = await startServer();
  t.after(revived.close);
  const transport = await connect({ ...revived.connection, proxy });
  const running = transport.run("sleep 5", { step: "apply" });
  setTimeout(jump.drop, 100);
  await assert.rejects(running, /apply: the connection was lost/);
});

test("a refused connection is tried again, and says so; an unknown name is not", async (t) => {
  const told: string[] = [];
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const connection = { host: "127.0.0.1", port, hostKey: keyPair("ed25519", "host").public, password: SECRET, dialErrorLimit: 2 };
  await assert.rejects(connect(connection, { backoffMs: 5, onRetry: (text) => told.push(text) }), (error) => {
    assert(error instanceof Unreachable);
    assert.match(error.message, /^cannot reach root@127\.0\.0\.1:\d+: connection refused.*\(tried 3 times\)/);
    return true;
  });
  assert.equal(told.length, 2);
  assert.match(told[1]!, /trying again \(2 of 2\)/);
  await assert.rejects(connect({ ...connection, host: "no-such-host.invalid" }, { backoffMs: 5 }), (error) =>
    error instanceof Unreachable && (!error.transient || /resolver/.test(error.message)));
});

test("a host that accepts and says nothing is given up on after perDialTimeout", async (t) => {
  const mute = createServer(() => {});
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const connection = { host: "127.0.0.1", port, hostKey: keyPair("ed25519", "host").public, password: SECRET, perDialTimeout: 0.1, dialErrorLimit: 1 };
  await assert.rejects(connect(connection, { backoffMs: 5 }), (error) =>
    error instanceof Unreachable && /handshake took longer than 0.1 s \(perDialTimeout\) \(tried 2 times\)/.test(error.message));
});
