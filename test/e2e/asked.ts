// What machines have asked of a master over HTTP, as its access log has it.
import type { Master } from "../lab/master.ts";

export interface Asked {
    address: string;
    path: string;                        // without the query; of a blob, the file's name alone
    status: number;
}

const log = "/var/log/netboot/http-access.log";
const line = /^\S+ (\S+) \S+ "\S+ ([^ ?"]+)\S* [^"]*" (\d+)/;

/** Begins to listen; the function then tells all that has been asked since, by one machine or by all. */
export async function listen(master: Master): Promise<(address?: string) => Promise<Asked[]>> {
    // There is no log before the daemon's first start: nothing was asked.
    const lines = async () => (await master.exec(`cat ${log} 2>/dev/null || true`)).split("\n").filter(Boolean);
    const before = (await lines()).length;
    return async (from) =>
        (await lines()).slice(before).flatMap((text) => {
            const [, address, path, status] = line.exec(text) ?? [];
            return address && (!from || from === address) ? [{ address, path: path!.replace(/^\/blob\/[0-9a-f]+/, ""), status: Number(status) }] : [];
        });
}
