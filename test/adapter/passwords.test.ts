// Passwords of menus on their way through check: in a secret's envelope or nowhere, and the same hash in every preview.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type DynamicProvider, startDynamicProvider } from "./dynamicProvider.ts";
import { image, onMaster } from "./inputs.ts";

const SECRET = "4dabf18193072939515e22adb298388d";
let provider: DynamicProvider;
before(async () => void (provider = await startDynamicProvider(join(import.meta.dirname, "..", ".."))));
after(() => provider.stop());

const menu = (password: string) => ({
    ...onMaster("BootMenu", "tools"), title: "Tools", password,
    entries: [{ name: "rescue", label: "Rescue", password: `${password} too`, boot: { kind: "kernel", image } }, { name: "hardware", label: "Hardware", boot: { kind: "hardware" } }],
    __secrets: [["password"], ["entries", 0, "password"]],
});
const checked = async (password: string, olds?: any) => {
    const { inputs, failures } = await provider.check("BootMenu", menu(password), olds);
    assert.deepEqual(failures, []);
    return inputs as any;
};
const shown = (value: unknown) => JSON.stringify(value, (_, it) => (it?.[SECRET] ? "sealed" : it));
const locks = ["/etc/netboot/passwords/tools/.menu", "/etc/netboot/passwords/tools/rescue"];

test("neither a password nor its hash is shown, and the scripts behind them are", async () => {
    const inputs = await checked("correct horse");
    assert.doesNotMatch(shown(inputs), /correct|\$6\$/);
    for (const lock of locks) assert.deepEqual(JSON.parse(shown(inputs.files[lock])), { text: "sealed", mode: "0640", group: "33" });
    assert.match(inputs.files["/srv/netboot/http/private/tools/rescue.ipxe"], /vmlinuz/);
    assert.match(inputs.files["/srv/netboot/http/private/tools/.menu.ipxe"], /^menu -- Tools$/m);
    assert.doesNotMatch(inputs.files["/srv/netboot/http/menu/tools.ipxe"], /Hardware|vmlinuz/);
    assert.doesNotMatch(Object.values(inputs.files).map((file: any) => file.text?.value ?? file).join(), /correct|636f7272656374/, "no file holds the password, in letters or as it is sent");
});

test("the hash stays the same from preview to preview, and a number tells when it changes", async () => {
    const first = await checked("correct horse");
    const plain = { ...first, files: Object.fromEntries(Object.entries<any>(first.files).map(([path, file]) => [path, file.text?.[SECRET] ? { ...file, text: file.text.value } : file])) };
    assert.deepEqual(first.revisions, { [locks[0]!]: 1, [locks[1]!]: 1 });
    assert.deepEqual(await checked("correct horse", plain), first);
    assert.deepEqual((await checked("battery staple", plain)).revisions, { [locks[0]!]: 2, [locks[1]!]: 2 });
});

test("a password that is refused is not quoted", async () => {
    for (const password of ["hush", "hüshhüsh", "hush\nhush", "x".repeat(64)]) {
        const { failures } = await provider.check("BootMenu", menu(password));
        assert.ok(failures.length, password);
        assert.doesNotMatch(JSON.stringify(failures), /h.sh|xxxx/);
    }
});
