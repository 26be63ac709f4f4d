import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { ConnectionLost, Refused, Unreachable } from "../../provider/dist/ssh/errors.js";
import { closeAll, transportFor } from "../../provider/dist/ssh/ssh.js";
import { keyPair } from "./keys.ts";
import { startServer } from "./server.ts";

const step = "probe";
after(closeAll);

test("callers at the same time share one dial, later ones the connection", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const transports = await Promise.all(Array.from({ length: 20 }, () => transportFor({ ...server.connection })));
  assert.equal(new Set([...transports, await transportFor(server.connection)]).size, 1);
  assert.equal(server.seen.connections, 1);
});

test("a connection that died is dialled again, and the counts go on", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const first = await transportFor(server.connection);
  await first.run("true", { step });
  const before = { ...first.counts };
  const running = first.run("sleep 5", { step });
  setTimeout(server.drop, 50);
  await assert.rejects(running, ConnectionLost);
  const second = await transportFor(server.connection);
  assert.notEqual(second, first);
  await second.run("true", { step });
  assert.deepEqual([second.counts.connections, second.counts.trips], [2, before.trips + 2]);
  assert(second.counts.bytesOut > before.bytesOut && second.counts.bytesIn > before.bytesIn);
});

test("new credentials count at the next dial; a new host key at once", async (t) => {
  const rotated = keyPair("ed25519", "rotated");
  const server = await startServer({ authorized: [keyPair("ed25519", "client").public, rotated.public] });
  t.after(server.close);
  const first = await transportFor(server.connection);
  const connection = { ...server.connection, privateKey: rotated.private };
  assert.equal(await transportFor(connection), first);
  await assert.rejects(transportFor({ ...connection, hostKey: keyPair("ed25519", "other").public }), Refused);
  server.drop();
  await first.close();
  await (await transportFor(connection)).run("true", { step });
});

test("another caller's refused credentials are not one's own refusal", async (t) => {
  const server = await startServer();
  t.after(server.close);
  const [wrong, right] = await Promise.allSettled([
    transportFor({ ...server.connection, privateKey: keyPair("ed25519", "stranger").private }),
    transportFor(server.connection),
  ]);
  assert.deepEqual([wrong.status, right.status], ["rejected", "fulfilled"]);
});

test("closeAll ends connections, and dials that would go on for ever", async (t) => {
  const server = await startServer();
  const transport = await transportFor(server.connection);
  const { port, connection } = await startServer().then(async (gone) => (await gone.close(), gone));
  const told: string[] = [];
  const dialling = transportFor({ ...connection, port, dialErrorLimit: -1 }, (text) => told.push(text));
  dialling.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  await closeAll();
  assert.equal(told.length, 1);
  await assert.rejects(dialling, Unreachable);
  await assert.rejects(transport.run("true", { step }), /the connection was closed/);
  await server.close();
});

test("an idle connection lets the process end, a busy one holds it", async (t) => {
  const server = await startServer();
  const jump = await startServer();
  t.after(server.close);
  t.after(jump.close);
  const module = join(import.meta.dirname, "../../provider/dist/ssh/ssh.js");
  const program = (connection: object) => `
    const { transportFor } = require(${JSON.stringify(module)});
    transportFor(${JSON.stringify(connection)}).then((transport) => transport.run("sleep 0.3; echo done", { step: "probe" }))
      .then((output) => process.stdout.write(output.stdout));`;
  for (const connection of [server.connection, { ...server.connection, proxy: jump.connection }]) {
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", program(connection)], { timeout: 5000 });
    assert.equal(stdout, "done\n");
  }
});
