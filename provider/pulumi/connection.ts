import type { Problem } from "../resource";
import { parseHostKeys } from "../ssh/hostKey";
import { connect } from "../ssh/ssh";
import type { Connection } from "../ssh/transport";
import { hasUnknown } from "../unknown";
import { validate } from "../validate";

/** What is wrong with a connection as written. Only a missing host key makes it look at the network: the mend is the key that the host presents. */
export async function connectionProblems(connection: Connection | string | undefined): Promise<Problem[]> {
    if (hasUnknown(connection) && typeof connection === "string") return [];
    if (!connection || typeof connection !== "object") return [{ property: "connection", reason: "connection is missing: give at least host and hostKey, so that the master can be reached." }];
    const { problems } = validate({ name: "Connection" }, connection as unknown as Record<string, unknown>);
    const named = problems.map(({ property, reason }) => ({ property: `connection.${property}`, reason: `connection.${reason}` }));
    if (named.length || hasUnknown(connection)) return named;
    const fault = connection.hostKey ? hostKeyFault(connection.hostKey) : await presented(connection);
    return fault ? [{ property: "connection.hostKey", reason: fault }] : [];
}

function hostKeyFault(text: string): string | undefined {
    try {
        parseHostKeys(text);
        return undefined;
    } catch (error) {
        return (error as Error).message;
    }
}

/** The words of a connection that was refused for want of a host key: they name the key and the line to paste. */
async function presented(connection: Connection): Promise<string> {
    try {
        const transport = await connect({ ...connection, dialErrorLimit: 0, perDialTimeout: 5 });
        await transport.close();
        return "connection.hostKey is missing.";
    } catch (error) {
        return (error as Error).message;
    }
}
