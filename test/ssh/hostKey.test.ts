import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithmsFor, fingerprint, hostKeyLine, parseHostKeys } from "../../provider/dist/ssh/hostKey.js";
import { Refused } from "../../provider/dist/ssh/errors.js";
import { connect } from "../../provider/dist/ssh/ssh.js";
import { keyPair, type KeyType } from "./keys.ts";
import { startServer } from "./server.ts";

const line = keyPair("ed25519", "host").public;
const base64 = line.split(" ")[1]!;

test("hostKey takes the forms that people paste", () => {
  for (const text of [line, `${line} root@lab`, `10.0.0.2 ${line} comment`, `[10.0.0.2]:2222,lab ${line}`, `|1|abc=|def= ${line}`,
    `# 10.0.0.2:22 SSH-2.0-OpenSSH_9.2\n10.0.0.2 ${line}\n`]) {
    const [key] = parseHostKeys(text);
    assert.equal(hostKeyLine(key!), line);
  }
  assert.match(fingerprint(parseHostKeys(line)[0]!), /^SHA256:[A-Za-z0-9+/]{43}$/);
});

test("several lines pin several keys", () => {
  const keys = parseHostKeys(`lab ${line}\nlab ${keyPair("rsa", "host").public}`);
  assert.deepEqual(algorithmsFor(keys), ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]);
});

test("hostKey refuses in words", () => {
  const refusals: [string, RegExp][] = [
    [base64, /lacks the key's type: write hostKey: "ssh-ed25519 AAAA/],
    ["", /is empty/],
    ["SHA256:abcdef", /is a fingerprint/],
    [line.slice(0, 50), /cut short/],
    [`ssh-rsa ${base64}`, /says "ssh-rsa", but the key behind it is "ssh-ed25519"/],
    [`@cert-authority * ${line}`, /marker/],
    ["ssh-foo AAAA", /names no key type/],
    [keyPair("ed25519", "host").private, /holds a private key/],
  ];
  for (const [text, words] of refusals) {
    assert.throws(() => parseHostKeys(text), words);
    assert.throws(() => parseHostKeys(text), (error: Error) => !error.message.includes("b3BlbnNzaC1rZXkt"));
  }
});

for (const type of ["ed25519", "rsa", "ecdsa"] as KeyType[])
  test(`the pinned ${type} key is the one that is asked for`, async (t) => {
    const server = await startServer({ hostKeys: ["ed25519", "rsa", "ecdsa"] });
    t.after(server.close);
    const transport = await connect({ ...server.connection, hostKey: server.hostKey(type) });
    assert.equal((await transport.run("echo hello", { step: "probe" })).stdout, "hello\n");
    await transport.close();
  });

test("a missing host key prints the line to paste and sends no credentials", async (t) => {
  const server = await startServer();
  t.after(server.close);
  await assert.rejects(connect({ ...server.connection, hostKey: undefined, dialErrorLimit: 10 }), (error: Error) => {
    assert(error instanceof Refused);
    assert(error.message.includes(`hostKey: "${server.hostKey()}"`), error.message);
    assert.match(error.message, /root@127\.0\.0\.1:\d+: hostKey is missing/);
    return true;
  });
  assert.deepEqual([server.seen.connections, server.seen.users], [1, []]);
});

test("a wrong host key fails closed and shows both", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const other = keyPair("ed25519", "other").public;
  await assert.rejects(connect({ ...server.connection, hostKey: other, dialErrorLimit: 10 }), (error: Error) => {
    assert(error instanceof Refused);
    assert(error.message.includes(`expected:  ${other}`), error.message);
    assert(error.message.includes(`presented: ${server.hostKey()}`), error.message);
    assert.match(error.message, /rebuilt.*`pulumi up`, without --refresh/s);
    return true;
  });
  assert.deepEqual([server.seen.connections, server.seen.users], [1, []]);
});

test("a host without a key of the pinned type is a wrong host, and says which key it has", async (t) => {
  const server = await startServer({ hostKeys: ["ed25519"] });
  t.after(server.close);
  await assert.rejects(connect({ ...server.connection, hostKey: keyPair("rsa", "other").public }), (error: Error) => {
    assert(error instanceof Refused);
    assert(error.message.includes(`presented: ${server.hostKey()}`), error.message);
    return true;
  });
  assert.deepEqual(server.seen.users, []);
});
