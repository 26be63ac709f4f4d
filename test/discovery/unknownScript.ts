import { judged } from "../resources/resource.ts";

/** Lines of what a machine boots that nobody declares, where the master's rule is that it registers. */
export function unknownScript(more: object): string[] {
    const { desired, failures } = judged("MasterServer", { name: "lab", host: "10.0.0.2", address: "10.0.0.2", unknownMachines: "register", ...more });
    if (!desired) throw new Error(JSON.stringify(failures));
    return String((desired.state as any).files["/srv/netboot/http/unknown.ipxe"]).split("\n");
}
