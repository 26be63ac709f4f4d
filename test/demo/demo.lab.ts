// The demo is a promise of the README: it runs to its end, and Ctrl-C leaves nothing behind.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { interrupt, traces } from "./interrupt.ts";

test("the demo runs to its end and says what it has shown", async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0, text.slice(-4000));
    assert.match(text, /What was shown\n( {2}\d .*\n){7}/);
    assert.match(text, /desk-01 +firmware .* → dhcp .* → script .* → up /);
    assert.match(text, /desk-02 +firmware .* → dhcp .* → loader .* → script .* → up /);
    assert.match(text, /\+ set netboot-cmdline .*netboot\.lesson=2/);
    assert.match(text, /the master is as before/);
    assert.deepEqual(traces([child.pid!]), []);
});

// More moments are in interrupted.long.ts.
for (const moment of ["the master starts", "an up is under way"] as const)
    test(`Ctrl-C while ${moment} leaves no container, no network, no process, no lock and no file`, () => interrupt(moment));
