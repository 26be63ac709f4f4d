// Set-up: makes ready what the tests and the demo need, then runs them. It installs nothing that is there already.
//   node test/setup/main.mjs [--only npm,tools,pulumi,docker,images,peers,disks] [--then FILE args…]
// Every Node can read this file, and no old one the rest: it would stop at their first word that it does not know, before any of ours.
const have = process.versions.node;
if (Number(have.split(".")[0]) < 20) {
    process.stderr.write(`\nNode ${have} is too old: set-up needs 20 or newer\n  either unpack an archive from nodejs.org and put its bin on PATH,\n  or install the distribution's package, where that is new enough (Debian 13's is).\n`);
    process.exit(1);
}
import("./ready.mjs");
