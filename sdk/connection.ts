import type { ConnectionInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Inputs } from "./inputs";

/** How to reach a master: the field names of `@pulumi/command`'s connection, so that one object serves both, and the path to a key file. */
export type Connection = ConnectionInput;

const CREDENTIALS = ["password", "privateKey", "privateKeyPassword"] as const;

/** The connection with its credentials, and its jump hosts', marked as secrets whatever the program said. */
export const guarded = (connection: Inputs<Connection>): pulumi.Output<Connection> => pulumi.output(connection as pulumi.Input<Connection>).apply(marked);

function marked(plain: Connection): pulumi.Output<Connection> {
    if (!plain || typeof plain !== "object") return pulumi.output(plain);
    const secrets = CREDENTIALS.filter((field) => plain[field] !== undefined).map((field) => [field, pulumi.secret(plain[field])]);
    return pulumi.output({ ...plain, ...Object.fromEntries(secrets), ...(plain.proxy && { proxy: marked(plain.proxy) }) }) as pulumi.Output<Connection>;
}
