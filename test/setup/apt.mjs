// Installs packages of the distribution, after saying so: asks on a terminal, goes on under CI or without one.
import { announce, Missing, missing, question, run } from "./step.mjs";
import { folderWith } from "./where.mjs";

export const canInstall = () => process.getuid?.() === 0 && folderWith("apt-get") !== undefined;

/** Installs `packages`, or says that `what` is missing and how else to get it. */
export async function aptInstall(packages, what, otherWay) {
    const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
    if (!canInstall()) throw new Missing(what, `run \`${command}\` as root (Debian, Ubuntu),`, otherWay);
    announce(`${what}: installing the packages ${packages.join(" ")}`);
    if (process.stdin.isTTY && process.stderr.isTTY && !process.env.CI) {
        const answer = await question("Go on? [Y/n]");
        if (!/^(y|yes|)$/i.test(answer)) throw new Missing(what, `run \`${command}\` yourself,`, otherWay);
    }
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args) => run("apt-get", ["-y", "-o", "DPkg::Lock::Timeout=300", ...args], { env, finish: true });
    try {
        await apt("install", "--no-install-recommends", ...packages);
    } catch (first) {                                  // a machine without package lists, or with old ones
        announce("the package lists don't serve; refreshing them");
        const refreshed = async () => (await apt("update"), apt("install", "--no-install-recommends", ...packages));
        await refreshed().catch(missing(what, `mend what stops it and run \`${command}\` yourself,`, otherWay));
    }
}
