import type { VolumeInput as Volume } from "@pulumi-netboot/schema/filled";
import type { VolumeRef } from "../../boot/types";
import { atProblems, copyOf } from "../../boot/disks";
import { storeChecks, volumePath, volumesProblems } from "../../boot/volumes";
import type { VolumeSpec } from "../../engine/state";
import type { Problem, ResourceType } from "../../resource";
import { settled, UNKNOWN } from "../../unknown";
import { bytes } from "../../words";

const SECTOR = 512;
const LEAST = 1 << 20;

/** Whole sectors: a disk of another size is refused by some systems. */
const sizeOf = ({ size }: Volume): number | undefined => (size === undefined || size === UNKNOWN ? (size as undefined) : Math.ceil((bytes(size) ?? 0) / SECTOR) * SECTOR);

function rules(input: Volume): Problem[] {
  const { name, master, size, from, at } = input;
  const problem = (property: string, reason: string): Problem => ({ property, reason });
  const problems = volumesProblems("a volume is kept by its master", "master", master);
  const source = from?.image ?? from?.volume;
  const own = sizeOf(input);
  if (own === undefined && !from) problems.push(problem("size", `size is missing, and so is from: say how large ${name} is, or what it is a copy of.`));
  if (own !== undefined && own < LEAST) problems.push(problem("size", `size is "${size}", and no disk is smaller than 1 MiB: write a size such as "20GiB".`));
  if (own !== undefined && source?.size !== undefined && own < source.size)
    problems.push(problem("size", `size is "${size}", and ${source.name}, which it comes from, has ${source.size} bytes: write a larger size, or leave it out.`));
  if (at !== undefined && !from?.volume) problems.push(problem("at", `at is ${at}, and from is ${from ? "no volume" : "missing"}: leave it out, or give the volume whose generation ${at} is to be copied.`));
  if (from?.volume) problems.push(...atProblems(from.volume, at, "at"));
  if (from?.volume?.name === name) problems.push(problem("from", `from is the volume itself: give another one, or a DiskImage.`));
  return problems;
}

const type: ResourceType<Volume> = {
  name: "Volume",
  rules,
  claims: ({ name }) => [{ kind: "name", value: `volume ${name}`, property: "name" }],
  desired(input) {
    const { name, master, from, at, generation, history, retain } = input;
    const own = sizeOf(input);
    const size = own ?? from?.image?.size ?? from?.volume?.size;
    const spec: VolumeSpec = {
      driver: master.storage!.driver, generation,
      ...(own !== undefined && { size: own }),
      ...(from?.image && { from: { image: from.image.digest } }),
      ...(from?.volume && { from: { volume: volumePath(master, from.volume.name), ...(at !== undefined && { at }) } }),
      ...(from?.machine && { from: { copy: volumePath(master, copyOf(from.machine, name)) } }),
      ...(history && { history }),
      ...(retain && { retain }),
    };
    const ref: VolumeRef = { name, masterName: master.name, ...(size !== undefined && { size }), generation, ...(history && { history }) };
    return {
      state: { ...(from?.image && { packages: { zstd: {}, xxhash: {} } }), volumes: { [volumePath(master, name)]: spec } },
      outputs: settled({ ref, path: volumePath(master, name) }),
      checks: [...storeChecks(master.storage!), { check: "volume", path: volumePath(master, name) }],
    };
  },
};
export default type;
