// The answer files of the families whose installers are not run here, as test/cases has them, given to each family's own validator; and one that is wrong, so that a validator that says nothing shows.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openLab } from "../lab/lab.ts";
import { startMaster } from "../lab/master.ts";
import { go } from "../setup/go.mjs";

const folder = mkdtempSync(join(tmpdir(), "netboot-validators-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the case of a family serves under this name. */
function recorded(family: string, name: string): string {
    const { desired } = JSON.parse(readFileSync(join(import.meta.dirname, `../cases/resources/machine/install-${family}.json`), "utf8"));
    return [desired.state.files[`/srv/netboot/http/answers/rack-01/${name}`]].flat().join("\n");
}
const file = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name));

test("kickstart: pykickstart's ksvalidator", { timeout: 600_000 }, () => {
    execFileSync("python3", ["-m", "venv", join(folder, "python")]);
    execFileSync(join(folder, "python/bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "--requirement", join(import.meta.dirname, "requirements.txt")]);
    const verdict = (version: string, text: string) => spawnSync(join(folder, "python/bin/ksvalidator"), ["-e", "-v", version, file("ks.cfg", text)], { encoding: "utf8" });
    for (const version of ["RHEL8", "RHEL9", "RHEL10", "F42"]) {
        const { status, stdout, stderr } = verdict(version, recorded("redhat", "ks.cfg"));
        assert.equal(status, 0, `${version}: ${stdout}${stderr}`);
        assert.notEqual(verdict(version, recorded("redhat", "ks.cfg").replace("autopart", "autoparty")).status, 0);
    }
});

test("autoinstall: cloud-init's schema", { timeout: 600_000 }, async () => {
    const lab = await openLab();
    try {
        const { exec, tryExec } = await startMaster(lab, { debian: 13, files: { "/root/good.yaml": recorded("ubuntu", "user-data"), "/root/bad.yaml": recorded("ubuntu", "user-data").replace("version: 1", "version: one") } });
        await exec("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends cloud-init");
        assert.match(await exec("cloud-init schema --config-file /root/good.yaml 2>&1"), /Valid schema/);
        assert.notEqual((await tryExec("cloud-init schema --config-file /root/bad.yaml")).exitCode, 0);
    } finally {
        await lab.close();
    }
});

test("Ignition: its own validator", { timeout: 1_200_000 }, async () => {
    const env = { ...process.env, GOFLAGS: "-modcacherw" };
    execFileSync(await go(env), ["install", "github.com/coreos/ignition/v2/validate@v2.24.0"], { env: { ...env, GOBIN: folder }, stdio: "pipe" });
    const verdict = (text: string) => spawnSync(join(folder, "validate"), [file("config.ign", text)], { encoding: "utf8" });
    for (const name of ["config.ign", "installed.ign"]) {
        const { status, stdout, stderr } = verdict(recorded("ignition", name));
        assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
        assert.notEqual(verdict(recorded("ignition", name).replace('"path"', '"paht"').replace("3.3.0", "9.9.9")).status, 0);
    }
});
