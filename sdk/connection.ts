import * as pulumi from "@pulumi/pulumi";
import type { Inputs } from "./inputs";

/** How to reach a master: the field names of `@pulumi/command`'s connection, so that one object serves both, and the path to a key file. */
export interface Connection {
    /** Name or address that Pulumi reaches the master by. */
    host: string;
    /** TCP port of the SSH server. Default: 22. */
    port?: number;
    /** User to log in as: root, or one who may use `sudo -n`. Default: root. */
    user?: string;
    /** Password of the user. Encrypted in state. */
    password?: string;
    /** A private key, the text itself. Encrypted in state. */
    privateKey?: string;
    /** Passphrase of the private key. Encrypted in state. */
    privateKeyPassword?: string;
    /** Path to a private key on the machine that runs Pulumi; read at each connection, never stored. */
    privateKeyPath?: string;
    /** Socket of an SSH agent. Default: the one in SSH_AUTH_SOCK. */
    agentSocketPath?: string;
    /** The server's public key, as `ssh-keyscan` prints it behind the name: `ssh-ed25519 AAAA…`. Required: without it the error prints the key that the host presented. */
    hostKey?: string;
    /** A jump host, with the same fields. */
    proxy?: Connection;
    /** How often a failed connection is tried again; -1 for ever. Default: 10. */
    dialErrorLimit?: number;
    /** Seconds after which one attempt to connect has failed. Default: 15. */
    perDialTimeout?: number;
}

const CREDENTIALS = ["password", "privateKey", "privateKeyPassword"] as const;

/** The connection with its credentials, and its jump hosts', marked as secrets whatever the program said. */
export const guarded = (connection: Inputs<Connection>): pulumi.Output<Connection> => pulumi.output(connection as pulumi.Input<Connection>).apply(marked);

function marked(plain: Connection): pulumi.Output<Connection> {
    const secrets = CREDENTIALS.filter((field) => plain[field] !== undefined).map((field) => [field, pulumi.secret(plain[field])]);
    return pulumi.output({ ...plain, ...Object.fromEntries(secrets), ...(plain.proxy && { proxy: marked(plain.proxy) }) }) as pulumi.Output<Connection>;
}
