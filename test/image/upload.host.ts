// Large files on a line that breaks, from the engine to a host without a machine.
import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { FastHost } from "../engine/fastHost.ts";
import { urn } from "../engine/site.ts";
import { disk, folder, MIB, noise, sha256Of } from "./disk.ts";
import { engineOn, newHost, op, outcome, restored } from "./host.ts";

/** A line that breaks, so many times yet, when so many bytes came through it. */
function frail(host: FastHost, every: number, left: number) {
  const line = { sent: 0, cuts: 0, left, onCut: () => undefined as void };
  const connect = async () => {
    const transport = await host.connect()();
    const send = async (command: string, body: Readable) => {
      let room = line.left > 0 ? every : Infinity;
      const through = async function* () {
        for await (const chunk of body) {
          if ((room -= chunk.length) < 0) return;
          line.sent += chunk.length;
          yield chunk;
        }
      };
      const output = await transport.send(command, Readable.from(through(), { objectMode: false }));
      if (room >= 0) return output;
      line.left--;
      line.cuts++;
      line.onCut();
      throw Object.assign(new Error("connection lost"), { name: "ConnectionLost" });
    };
    return { ...transport, send };
  };
  return { line, engine: engineOn(host, connect) };
}

const size = 64 * MIB;
const content: [number, Buffer] = [40 * MIB, noise("content", 16 * MIB)];
const BLOCK = 2 * MIB;

test("of a raw image only what changed is sent, and after a broken connection no block twice", async () => {
  const host = newHost();
  const { line, engine } = frail(host, 5 * MIB, 0);
  await engine.reconcile(await op("v1", disk("v", { size, pieces: [content] })));
  const lists = 64 * 1024;
  assert.ok(line.sent < 9 * BLOCK + lists, `zeros are sent: ${line.sent}`);

  Object.assign(line, { sent: 0, left: 2 });
  const change = 9 * MIB;
  const path = disk("v", { size, pieces: [content, [42 * MIB + 777, noise("change", change)]] });
  const two = await op("v2", path);
  const { error } = await outcome(engine.reconcile(two));
  assert.equal(error, undefined, String(error));
  assert.equal(line.cuts, 2);
  assert.ok(line.sent <= 5 * BLOCK + lists, `${line.sent} bytes for a change of ${change} in 5 blocks`);
  assert.equal(await restored(host, two), sha256Of(path));
});

test("a raw image that changes while it is sent is not taken for the one that was previewed", async () => {
  const { line, engine } = frail(newHost(), 5 * MIB, 1);
  const path = disk("moving", { size, pieces: [content] });
  line.onCut = () => {
    const file = openSync(path, "r+");
    writeSync(file, Buffer.from("changed"), 0, 7, 55 * MIB);
    closeSync(file);
  };
  const { error } = await outcome(engine.reconcile(await op("moving", path)));
  assert.match(error?.message ?? "", /moving is not what it was when it was previewed/);
  assert.equal(line.cuts, 1);
});

test("an upload whose connection breaks goes on from where it was", async () => {
  const host = newHost();
  const { line, engine } = frail(host, 1_500_000, 5);
  const file = join(folder, "large");
  writeFileSync(file, noise("large", 10 * MIB));
  const sha256 = sha256Of(file);
  const path = `/srv/netboot/http/blob/${sha256}/large`;
  const { error } = await outcome(engine.reconcile({ owner: urn("KernelImage", "k"), label: "k", want: { blobs: { [path]: { sha256, size: 10 * MIB } } }, sources: { [sha256]: file } } as any));
  assert.equal(error, undefined, String(error));
  assert.equal(sha256Of(host.path(path)), sha256);
  assert.deepEqual([line.sent, line.cuts], [10 * MIB, 5]);
});
