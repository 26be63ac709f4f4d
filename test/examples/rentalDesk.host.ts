// The rental desk with a machine that is a port of this one: up, or not, as what it boots has it.
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import { rent, type Site } from "../../examples/rental-desk/desk.mts";

/** A stack whose `up` power-cycles its machine when another entry is chosen; a system of these comes up. */
async function desk(t: TestContext, good: string[], chosen?: string) {
    const config: Record<string, { value: string }> = chosen ? { "netboot:desk-01": { value: chosen } } : {};
    const server = (port = 0) => new Promise<Server>((up) => { const it = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1", () => up(it)); });
    let machine: Server | undefined = await server();
    const { port } = machine.address() as AddressInfo;
    const ups: (string | undefined)[] = [];
    let boots = chosen;
    const site: Site = {
        getAllConfig: async () => ({ ...config }),
        setConfig: async (key, value) => void (config[key] = value),
        removeConfig: async (key) => void delete config[key],
        outputs: async () => ({ addresses: { value: { "desk-01": "127.0.0.1" }, secret: false } }),
        async up() {
            const now = config["netboot:desk-01"]?.value;
            ups.push(now);
            if (now === "refused") throw new Error("the preview fails");
            if (now === boots || now === "deaf") return;
            boots = now;
            await new Promise((done) => (machine ? machine.close(done) : done(undefined)));
            machine = good.includes(now ?? "default") ? await new Promise<Server>((up) => setTimeout(() => void server(port).then(up), 700)) : undefined;
        },
    };
    // The machine starts while `up` is over already.
    const up = site.up;
    site.up = async (options) => {
        const done = up(options);
        await Promise.race([done, new Promise((soon) => setTimeout(soon, 100))]);
    };
    t.after(() => machine?.close());
    const said: string[] = [];
    return { site, config, ups, said, terms: { port, patience: 2, notice: 1, say: (line: string) => void said.push(line) } };
}

test("a machine that comes up keeps what was chosen; asked again, nothing happens", async (t) => {
    const { site, config, ups, said, terms } = await desk(t, ["default", "debian"]);
    await rent(site, "desk-01", "debian", terms);
    assert.deepEqual([config, ups, said], [{ "netboot:desk-01": { value: "debian" } }, ["debian"], ["desk-01 is up with debian"]]);
    await rent(site, "desk-01", "debian", terms);
    assert.deepEqual([ups.length, said.at(-1)], [1, "desk-01 boots debian already"]);
});

test("one that does not come up boots again what it booted before, and the configuration says so", async (t) => {
    const { site, config, ups, said, terms } = await desk(t, ["debian"], "debian");
    await assert.rejects(rent(site, "desk-01", "broken", terms), /^Error: desk-01 did not come up with broken, and is up with debian again$/);
    assert.deepEqual([config, ups], [{ "netboot:desk-01": { value: "debian" } }, ["broken", "debian"]]);
    assert.match(said[0]!, /does not answer at 127\.0\.0\.1:\d+ within 2 s; back to debian/);
});

test("without a word before, the word is taken out again", async (t) => {
    const { site, config, ups, terms } = await desk(t, ["default"]);
    await assert.rejects(rent(site, "desk-01", "broken", terms), /is up with its default again/);
    assert.deepEqual([config, ups], [{}, ["broken", undefined]]);
});

test("one that is up again before up has ended has been gone all the same", async (t) => {
    const { site, terms } = await desk(t, ["debian"]);
    const { up } = site;
    site.up = async (options) => {
        await up(options);
        await new Promise((done) => setTimeout(done, 1500));
    };
    await rent(site, "desk-01", "debian", terms);
});

test("a machine that nothing has switched, or an up that is refused, is not taken for a machine that came up", async (t) => {
    for (const [entry, why] of [["deaf", "nothing has switched it: it never ceased to answer"], ["refused", "the preview fails"]] as const) {
        const { site, config, ups, said, terms } = await desk(t, ["debian"], "debian");
        await assert.rejects(rent(site, "desk-01", entry, { ...terms, notice: 0.2 }), new RegExp(`did not come up with ${entry}, and is up with debian again`));
        assert.deepEqual([config, ups, said[0]], [{ "netboot:desk-01": { value: "debian" } }, [entry, "debian"], `desk-01 with ${entry}: ${why}; back to debian`]);
    }
});

test("a machine that the program does not have is refused before anything is done", async (t) => {
    const { site, config, ups, terms } = await desk(t, ["debian"], "debian");
    await assert.rejects(rent(site, "desk-02", "debian", terms), /the program has no such machine/);
    assert.deepEqual([config, ups], [{ "netboot:desk-01": { value: "debian" } }, []]);
});
