import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { BodyFailed, ConnectionLost, NoSession, Refused, TimedOut } from "../../provider/dist/ssh/errors.js";
import { wholeOrNothing } from "../../provider/dist/ssh/script.js";
import { connect } from "../../provider/dist/ssh/ssh.js";
import { startServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "session-"));
const step = "probe";

/** A folder for PATH with these programs in it and what a session needs, so that the machine's own sudo is not found. */
function pathWith(programs: Record<string, string>): NodeJS.ProcessEnv {
  const bin = mkdtempSync(join(folder, "bin-"));
  for (const tool of ["sh", "env", "cat"])
    symlinkSync(realpathSync(spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim()), join(bin, tool));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { PATH: bin };
}

test("status, both outputs, progress by lines, characters over packet edges", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const transport = await connect(server.connection);
  const lines: string[] = [];
  const output = await transport.run("echo out; echo 'one\ntwo' >&2; printf three >&2; exit 7", { step, onProgress: (line) => lines.push(line) });
  assert.deepEqual(output, { stdout: "out\n", stderr: "one\ntwo\nthree", code: 7 });
  assert.deepEqual(lines, ["one", "two", "three"]);
  assert((await transport.run("kill -9 $$", { step })).code > 128);
  assert.deepEqual(await transport.run("", { step }), { stdout: "", stderr: "", code: 0 });
  const text = "äöü€🙂".repeat(20_000);
  assert.equal((await transport.run(`printf %s '${text}'`, { step })).stdout, text);
  assert.equal((await transport.run("cat; printf done", { step })).stdout, "done", "a child must not eat the script");
  assert.notEqual((await transport.run("echo 'no end", { step })).code, 0);
  assert.deepEqual(new Set(server.seen.commands), new Set(["env LC_ALL=C sh -s"]), "scripts are not in argv");
  await transport.close();
});

test("an answer that comes in one go with the session's start is heard to its end", async (t) => {
  const server = await startServer({ atOnce: "whole\n" });
  t.after(server.close);
  const transport = await connect(server.connection);
  for (let i = 0; i < 20; i++) assert.deepEqual(await transport.send("true", Readable.from([]), { step }), { stdout: "whole\n", stderr: "", code: 0 });
  await transport.close();
});

test("fifty runs at once take one connection and four sessions", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const transport = await connect(server.connection);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => transport.run(`echo ${i}`, { step })));
  assert.deepEqual(answers.map((answer) => answer.stdout), Array.from({ length: 50 }, (_, i) => `${i}\n`));
  assert.deepEqual([server.seen.connections, server.seen.mostSessions], [1, 4]);
  const { connections, trips, bytesIn, bytesOut } = transport.counts;
  assert.deepEqual([connections, trips], [1, 50]);
  await transport.run(`: ${"x".repeat(100_000)}`, { step });
  await transport.run("head -c 50000 /dev/zero | tr '\\0' x", { step });
  assert(transport.counts.bytesOut - bytesOut > 100_000 && transport.counts.bytesOut - bytesOut < 120_000);
  assert(transport.counts.bytesIn - bytesIn > 50_000 && transport.counts.bytesIn - bytesIn < 60_000);
  await transport.close();
});

test("a server that takes fewer sessions is used with fewer; one that takes none is named", async (t) => {
  const server = await startServer({ maxSessions: 2 });
  t.after(server.close);
  const transport = await connect(server.connection);
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => transport.run(`echo ${i}`, { step })));
  assert.deepEqual(answers.map((answer) => answer.stdout), Array.from({ length: 12 }, (_, i) => `${i}\n`));
  await transport.close();
  const none = await startServer({ maxSessions: 0 });
  t.after(none.close);
  const closed = await connect(none.connection);
  await assert.rejects(closed.run("true", { step }), (error) => error instanceof NoSession && /MaxSessions/.test(error.message));
  await closed.close();
});

test("sudo: used when not root, and its refusals say how to allow it", async (t) => {
  const log = join(folder, "sudo.log");
  const cases: [string, string | undefined, RegExp?][] = [
    ["works", `echo "$*" >>'${log}'; echo 'sudo: unable to resolve host lab' >&2; shift 2; exec "$@"`],
    ["password", "echo 'sudo: a password is required' >&2; exit 1", /"ops" may not become root.*NOPASSWD: ALL' > \/etc\/sudoers\.d/],
    ["not allowed", `echo "Sorry, user ops is not allowed to execute '/usr/bin/sh -s' as root on lab." >&2; exit 1`, /may not become root/],
    ["missing", undefined, /sudo is not installed there, and "ops" is not root/],
  ];
  for (const [name, text, refusal] of cases) {
    const server = await startServer({ env: pathWith(text === undefined ? {} : { sudo: text }) });
    t.after(server.close);
    const transport = await connect({ ...server.connection, user: "ops" });
    const running = transport.run(`echo "$0"; exit 1 # ${"x".repeat(300_000)}`, { step });
    if (refusal) await assert.rejects(running, (error: Error) => error instanceof Refused && refusal.test(error.message), name);
    else assert.equal((await running).code, 1);
    const sending = transport.send("cat; echo 'it'\\''s'", Readable.from(["body "]), { step });
    if (refusal) await assert.rejects(sending, refusal, name);
    else assert.equal((await sending).stdout, "body it's\n");
    await transport.close();
  }
  assert.equal(readFileSync(log, "utf8"), `-n -- sh -s\n-n -- sh -c cat; echo 'it'\\''s'\n`);
});

test("a script cut anywhere runs whole or not at all", () => {
  const marker = join(folder, "ran");
  const script = `echo begin >>'${marker}'\ncat <<'EOF' >>'${marker}'\nhere\nEOF\nsub() {\n:\n}\n{ sub; }\necho end >>'${marker}'`;
  const text = wholeOrNothing(script);
  for (let length = 1; length <= text.length; length++) {
    rmSync(marker, { force: true });
    assert.equal(spawnSync("sh", ["-s"], { input: text.slice(0, length), timeout: 5000 }).error, undefined, `cut after ${length}`);
    if (existsSync(marker)) assert.equal(readFileSync(marker, "utf8"), "begin\nhere\nend\n", `cut after ${length} of ${text.length}`);
    else assert(length < text.length, "the whole text runs");
  }
});

test("a connection cut at any message: the script ran whole or not at all, and the loss is an error of its own", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const marker = join(folder, "cut");
  const script = `echo begin >>'${marker}'\n: ${"x".repeat(200_000)}\necho end >>'${marker}'; echo out`;
  let results = { cut: 0, ran: 0 };
  for (let at = 1; ; at++) {
    rmSync(marker, { force: true });
    const transport = await connect(server.connection);
    server.cut({ at });
    const error = await transport.run(script, { step: "apply" }).then(() => undefined, (error: Error) => error);
    server.cut();
    await server.idle();
    await transport.close();
    if (existsSync(marker)) {
      results.ran++;
      assert.equal(readFileSync(marker, "utf8"), "begin\nend\n", `cut at ${at}`);
    }
    if (!error) break;
    results.cut++;
    assert(error instanceof ConnectionLost, `${error}`);
    assert.match(error.message, /^root@127\.0\.0\.1:\d+: apply: the connection was lost.*$/);
    await assert.rejects(transport.run("true", { step: "probe" }), (error) => error instanceof ConnectionLost && !error.started);
  }
  assert(results.cut >= 8 && results.ran >= 2 && results.ran < results.cut, JSON.stringify(results));
});

test("a power cut kills what ran", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const marker = join(folder, "power");
  const transport = await connect(server.connection);
  server.cut({ bytes: 2_000, host: true });
  await assert.rejects(transport.run(`echo ${"x".repeat(500)}; sleep 0.1; echo ${"x".repeat(500)}; head -c 3000 /dev/zero; sleep 0.1; echo ran >'${marker}'`, { step }), ConnectionLost);
  await server.idle();
  assert(!existsSync(marker));
});

test("silence: of a step, of a machine, of a daemon that holds the output", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const transport = await connect(server.connection);
  await assert.rejects(transport.run("sleep 30", { step: "apply", timeoutMs: 150 }), (error) =>
    error instanceof TimedOut && /^root@127\.0\.0\.1:\d+: apply: nothing was heard for 0\.15 s/.test(error.message));
  const [talking, held] = await Promise.all([
    transport.run("for i in 1 2 3 4 5 6; do sleep 0.25; echo $i >&2; done", { step, timeoutMs: 1200 }),
    transport.run("sleep 30 & echo started", { step }),
  ]);
  assert.equal(talking.code, 0, "a sign of life is enough");
  assert.deepEqual([held.stdout, held.code], ["started\n", 0]);
  await transport.close();

  const frozen = await connect(server.connection, { keepaliveMs: 100 });
  const running = frozen.run("sleep 30", { step: "apply" });
  setTimeout(server.freeze, 50);
  await assert.rejects(running, (error) => error instanceof ConnectionLost && /nothing heard for 0\.4 s/.test(error.message));
  assert(!frozen.alive);
});

test("send: a stream of any size, its errors, and a command that does not want it", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const transport = await connect(server.connection);
  const target = join(folder, "blob");
  const piece = Buffer.alloc(50_000, "0123456789abcdef");
  let made = 0;
  const body = new Readable({ read() { this.push(made++ < 200 ? piece : null); } });
  const output = await transport.send(`tee '${target}' | sha256sum`, body, { step: "upload" });
  const hash = createHash("sha256");
  for (let i = 0; i < 200; i++) hash.update(piece);
  assert.equal(output.stdout.split(" ")[0], hash.digest("hex"));
  assert.equal(statSync(target).size, 10_000_000);

  const broken = new Readable({ read() {} });
  broken.push(piece);
  setTimeout(() => broken.destroy(new Error("disk on fire")), 50);
  await assert.rejects(transport.send("cat >/dev/null", broken, { step: "upload" }), (error) =>
    error instanceof BodyFailed && /upload: the content could not be read: disk on fire/.test(error.message));

  const endless = new Readable({ read() { this.push(piece); } });
  assert.equal((await transport.send("head -c 10 >/dev/null; exit 3", endless, { step: "upload" })).code, 3);
  assert(endless.destroyed);

  const stalled = new Readable({ read() {} });
  await assert.rejects(transport.send("cat", stalled, { step: "upload", timeoutMs: 100 }), TimedOut);
  assert(stalled.destroyed);

  const cut = new Readable({ read() { this.push(piece); } });
  server.cut({ bytes: 1_000_000 });
  await assert.rejects(transport.send("cat >/dev/null", cut, { step: "upload" }), ConnectionLost);
  assert(cut.destroyed);
});
