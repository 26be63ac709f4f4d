// Every way to a master: keys, agent, password, sudo, jump host, a key that was changed; and what a wrong one says. The tests go on from one another.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { keyPair, startAgent } from "../ssh/keys.ts";
import { openSite, type Site, stand } from "./cli.ts";

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    site = await openSite(lab, master, "");
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const password = "correct horse 7Gf2";
const others = { key: keyPair("ed25519", "other"), guest: keyPair("ed25519", "guest") };
let round = 0;

/** A program whose connection is this JavaScript, and a machine that changes each time, so that the master has to be reached. */
function connectBy(connection: string): string {
    const word = `round-${++round}`;
    site.program(`const m = master({ connection: { dialErrorLimit: 0, perDialTimeout: 5, host: connection.host, ${connection} } });
        new netboot.Machine("desk-01", { master: m, mac: "52:54:00:00:00:01", boot: boot.chain("http://192.0.2.9/${word}") });`);
    return word;
}
const pinned = "hostKey: connection.hostKey";
const keyFile = `privateKeyPath: connection.privateKeyPath`;

/** It gets there, and the words that the state and the screen must not have are not in them. */
async function reaches(connection: string, { secrets = [], env = {} }: { secrets?: string[]; env?: NodeJS.ProcessEnv } = {}): Promise<void> {
    const word = connectBy(connection);
    const { text } = await site.up({ env });
    assert.match(await master.exec("cat /srv/netboot/http/mac/52-54-00-00-00-01.ipxe"), new RegExp(word));
    const state = readdirSync(join(site.folder, "..", "state"), { recursive: true, withFileTypes: true }).filter((it) => it.isFile())
        .map((it) => readFileSync(join(it.parentPath, it.name), "latin1")).join("\n");
    for (const secret of secrets) for (const form of [secret, JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)])
        assert.ok(!state.includes(form) && !text.includes(form), "the credential in clear");
}
async function fails(connection: string, expected: RegExp): Promise<string> {
    connectBy(connection);
    const then = await stand(master);
    const { text } = await site.up({ expect: 1 });
    assert.match(text, expected);
    assert.deepEqual(await stand(master), then);
    return text;
}

test("a key file", () => reaches(`${pinned}, ${keyFile}`));

test("a key's text, which state keeps encrypted", async () => {
    const text = readFileSync(master.privateKeyPath, "utf8");
    await reaches(`${pinned}, privateKey: require("node:fs").readFileSync(connection.privateKeyPath, "utf8")`, { secrets: [text, text.split("\n")[2]!] });
});

test("an agent", async () => {
    const agent = await startAgent([{ private: master.privateKey, public: "" }]);
    try {
        await reaches(pinned, { env: { SSH_AUTH_SOCK: agent.path } });
    } finally {
        agent.close();
    }
});

test("a password, of a user with sudo", async () => {
    await master.exec(`echo 'admin:${password}' | chpasswd`);
    await reaches(`${pinned}, user: "admin", password: ${JSON.stringify(password)}`, { secrets: [password] });
});

test("a user with sudo and a key", () => reaches(`${pinned}, user: "admin", ${keyFile}`));

test("a user without sudo is told the line for sudoers", async () => {
    await master.exec(`useradd -m -s /bin/sh guest && install -d -o guest /home/guest/.ssh && echo '${others.guest.public}' >/home/guest/.ssh/authorized_keys`);
    await fails(`${pinned}, user: "guest", privateKey: ${JSON.stringify(others.guest.private)}`, /sudo[^]*guest ALL=\(root\) NOPASSWD: ALL/);
});

test("a wrong password and a key that is not known there say what was tried", async () => {
    const text = await fails(`${pinned}, user: "admin", password: "wrong-4Rt"`, /refused the login: the password was refused/);
    assert.doesNotMatch(text, /wrong-4Rt/);
    await fails(`${pinned}, privateKey: ${JSON.stringify(others.key.private)}`, /refused the login: the key in privateKey was refused[^]*authorized_keys/);
});

test("without a host key the preview shows the one that was presented, and the line that is to be pasted works", async () => {
    connectBy(keyFile);
    const { text } = await site.run(["preview"], { expect: 1 });
    assert.match(text, /hostKey is missing from the connection/);
    const [line, key] = /^\s*(hostKey: "(.*)")/m.exec(text)!.slice(1);
    assert.equal(key, master.hostKey.split(" ").slice(0, 2).join(" "));
    await reaches(`${line}, ${keyFile}`);
});

test("behind another host key nothing is said to the host: no login, no credential", async () => {
    // Those of the tests before are there: a journal that knows of none fails here.
    const logins = () => master.exec("journalctl -q -t sshd -o cat | grep -c Accepted");
    const before = await logins();
    await fails(`hostKey: ${JSON.stringify(others.key.public)}, ${keyFile}`, /this is not the host that hostKey names; nothing was sent to it/);
    assert.equal(await logins(), before);
});

test("through a jump host", async () => {
    const jump = await startMaster(lab, { address: lab.at(5), name: "jump" });
    const proxy = `proxy: { host: ${JSON.stringify(jump.host)}, hostKey: ${JSON.stringify(jump.hostKey)}, user: "admin", ${keyFile} }`;
    // From anywhere else, the master's door is shut.
    await master.exec(`printf 'AllowUsers *@${jump.host}\\n' >/etc/ssh/sshd_config.d/jump.conf && systemctl reload ssh`);
    await fails(`${pinned}, ${keyFile}`, /refused the login|cannot reach/);
    await reaches(`${pinned}, ${keyFile}, ${proxy}`);
    await master.exec("rm /etc/ssh/sshd_config.d/jump.conf && systemctl reload ssh");
    await reaches(`${pinned}, ${keyFile}`);
});

test("a changed key touches nothing on the master, and from then on even a destroy without the program uses it", async () => {
    const file = join(site.folder, "new_key");
    writeFileSync(file, others.key.private, { mode: 0o600 });
    await master.exec(`echo '${others.key.public}' >/root/.ssh/authorized_keys`);
    await fails(`${pinned}, ${keyFile}`, /refused the login/);
    round--;
    round--;
    connectBy(`${pinned}, privateKeyPath: ${JSON.stringify(file)}`);
    const then = await stand(master);
    const { text } = await site.up();
    assert.match(text, /~ 2 updated/);
    assert.deepEqual(await stand(master), then);
    await site.run(["refresh", "--yes", "--skip-preview", "--run-program=false", "--expect-no-changes"]);
    await site.destroy({ args: ["--run-program=false"] });
    assert.equal((await master.tryExec("ls -Ad /srv/* /etc/netboot /var/lib/netboot")).stdout, "");
});
