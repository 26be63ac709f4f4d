// Volumes on XFS and on btrfs themselves: blocks that are shared, a store that runs full; and the whole contract.
import assert from "node:assert/strict";
import { test } from "node:test";
import { driverOf } from "../../provider/dist/engine/volumes/index.js";
import { skipMounted } from "../imaging/machine.ts";
import { apply, begins, contract, copy, engineOf, image, type Keeper, listed, MIB, outcome, remove, say, STORE, volume, whys, write } from "./contract.ts";
import { storeHost } from "./mountedStore.ts";
import { gone, urn } from "./site.ts";

/** What asks most of a file system, daily; all of it for `npm run test:long`. */
const clauses = contract.filter(([words]) => process.env["NETBOOT_LONG"] || words.startsWith("from an image"));
const free = async (keeper: Keeper) => Number(await say(keeper, `sync -f ${STORE}; df -P -B 1 ${STORE} | awk 'NR == 2 { print $4 }'`));

for (const kind of ["xfs", "btrfs"] as const)
  test(kind, { skip: skipMounted(kind) }, async (t) => {
    using host = storeHost(kind);
    const keeper: Keeper = { driver: "reflink", connect: host.connect(), shell: (script) => host.shell(script), devices: async () => [] };
    const before = host.snapshot();
    for (const [words, proof] of clauses)
      await t.test(words, async () => {
        await proof(keeper);
        assert.deepEqual(host.snapshot(), before, "something is left");
      });

    await t.test("a copy takes no room for what it has of its parent, nor does one that is made anew at its machine's boot; the doctor tells of it", async () => {
      await apply(keeper, volume(keeper, "golden", { size: 8 * MIB }));
      await say(keeper, `head -c ${8 * MIB} /dev/urandom | dd of=${STORE}/golden/disk.1 bs=65536 iflag=fullblock conv=notrunc,fsync status=none`);
      const [had, engine] = [await free(keeper), engineOf(keeper)];
      await Promise.all(["a", "b", "c"].map((name) => engine.reconcile(copy(keeper, name, "golden"))));
      await write(keeper, "a", "mine");
      await say(keeper, `${driverOf("reflink").renew.text}\nreflink_renew ${STORE}/a 1 ${STORE}/golden/disk.1`);
      const taken = had - (await free(keeper));
      assert.ok(taken < MIB, `${taken} bytes`);
      assert.equal(await say(keeper, `cat ${STORE}/*/disk.1 | split -b ${8 * MIB} --filter=sha256sum | sort -u | wc -l`), "1");
      const [store] = await engine.doctor([{ check: "reflink", path: STORE }] as any);
      assert.match(store!.what, new RegExp(`lies on ${kind}, mounted at ${STORE}; it is \\d+ % full, and its disks promise 0\\.\\d times`));
      await Promise.all(["a", "b", "c"].map((name) => engine.reconcile(remove(keeper, name))));
      await apply(keeper, remove(keeper, "golden"));
    });

    await t.test("full while a volume is written: said whose, where and what to do; the volumes that are there stay, nothing half does, and who is with it in a commit is done; with room it goes on", async () => {
      await say(keeper, "sed -i 's/^refuse .*/refuse 101/' /etc/netboot/volumes");
      const { sha256, op } = await image(keeper, 4);
      const golden = (generation: number) => volume(keeper, "golden", { generation, from: { image: sha256 } });
      const other: any = { owner: urn("Other", "x"), label: 'Other "x"', want: { files: { "/srv/netboot/x": "x" } } };
      /** All but 2 MiB of it. */
      const fill = () => say(keeper, `cat /dev/zero >${STORE}/theirs 2>/dev/null; sync -f ${STORE}; truncate -s -2M ${STORE}/theirs; sync -f ${STORE}`);
      const room = () => say(keeper, `rm ${STORE}/theirs; sync -f ${STORE}`);
      await apply(keeper, volume(keeper, "data", { size: MIB }));
      await write(keeper, "data", "mine");
      await fill();
      const engine = engineOf(keeper);
      const [failed, done] = await Promise.all([golden(1), other].map((one) => outcome(engine.reconcile(one))));
      assert.match(failed.error.message, new RegExp(`^Volume "golden" on fast: ${STORE}/golden could not be changed, and is as it was\\.\n[^]*No space left on device\n[^]* its store ${STORE} is \\d+ % full: where that is why, make room there\nMend `));
      assert.deepEqual([done.error, await listed(keeper), await begins(keeper, "data")], [undefined, "data theirs", "mine"]);
      assert.equal(await say(keeper, `find ${STORE} /srv/netboot -name '.netboot-stage'`), "");
      await room();
      assert.deepEqual(await whys(keeper, golden(1)), ["missing"]);
      assert.equal((await say(keeper, `sha256sum <${STORE}/golden/disk.1`)).slice(0, 64), sha256);
      // The one that is there is offered until another is whole.
      await fill();
      assert.match((await outcome(apply(keeper, golden(2)))).error.message, /No space left/);
      assert.deepEqual([await listed(keeper, "golden"), (await say(keeper, `sha256sum <${STORE}/golden/disk.1`)).slice(0, 64)], ["disk.1 lineage", sha256]);
      await room();
      assert.deepEqual(await whys(keeper, golden(2)), ["generation 1 → 2: made anew"]);
    });
  });
