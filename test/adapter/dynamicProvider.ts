import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { once } from "node:events";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb");
const messages = require("@pulumi/pulumi/proto/provider_pb");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb");
const { Status } = require("@pulumi/pulumi/proto/status_pb");

type Props = Record<string, unknown>;
export const shim = (type: string) => `exports.handler=()=>require("pulumi-netboot/provider").provider(${JSON.stringify(type)})`;

/** The answer of a create or update that failed half-way: what the engine would record. */
export interface PartialFailure extends Error { partial?: { id: string; properties: Props; reasons: string[] } }

export interface DynamicProvider {
    check(type: string, news: Props, olds?: Props): Promise<{ inputs: Props; failures: { property: string; reason: string }[] }>;
    diff(type: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
    create(type: string, inputs: Props): Promise<{ id: string; properties: Props }>;
    update(type: string, olds: Props, news: Props): Promise<Props>;
    read(type: string, id: string, state: Props): Promise<{ id: string; properties: Props; inputs: Props }>;
    delete(type: string, id: string, state: Props): Promise<void>;
    /** Everything that the process wrote to stderr and, after the port, to stdout. */
    output(): string;
    process: ChildProcess;
    stop(): Promise<void>;
}

/** Pulumi's own dynamic-provider process, as the engine starts it, spoken to over gRPC without the CLI. */
export async function startDynamicProvider(cwd: string, options: { env?: NodeJS.ProcessEnv; engine?: string } = {}): Promise<DynamicProvider> {
    const main = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
    const child = spawn(process.execPath, [main, options.engine ?? "127.0.0.1:1"], { cwd, env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stderr!.on("data", (chunk) => (text += chunk));
    const lines = createInterface({ input: child.stdout! });
    const [port] = (await once(lines, "line")) as [string];
    lines.on("line", (line) => (text += `${line}\n`));
    const limits = { "grpc.max_receive_message_length": 400 << 20, "grpc.max_send_message_length": 400 << 20 };
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), limits);
    const call = <R>(method: string, request: unknown): Promise<R> =>
        new Promise((resolve, reject) => client[method](request, (error: Error, answer: R) => (error ? reject(withPartial(error)) : resolve(answer))));
    const struct = (type: string, props: Props) => Struct.fromJavaScript({ __provider: shim(type), ...props });
    const request = (Type: new () => any, set: Record<string, unknown>) => {
        const message = new Type();
        for (const [field, value] of Object.entries(set)) message[`set${field}`](value);
        return message;
    };

    return {
        async check(type, news, olds = {}) {
            const answer = await call<any>("check", request(messages.CheckRequest, { Urn: news.__urn, News: struct(type, news), Olds: struct(type, olds) }));
            return {
                inputs: answer.getInputs().toJavaScript(),
                failures: answer.getFailuresList().map((f: any) => ({ property: f.getProperty(), reason: f.getReason() })),
            };
        },
        async diff(type, olds, news) {
            const answer = await call<any>("diff", request(messages.DiffRequest, { Id: "x", Urn: news.__urn, Olds: struct(type, olds), News: struct(type, news) }));
            const kinds = messages.DiffResponse.DiffChanges;
            return { changes: answer.getChanges() !== kinds.DIFF_NONE, replaces: answer.getReplacesList(), deleteBeforeReplace: answer.getDeletebeforereplace() };
        },
        async create(type, inputs) {
            const answer = await call<any>("create", request(messages.CreateRequest, { Urn: inputs.__urn, Properties: struct(type, inputs) }));
            return { id: answer.getId(), properties: answer.getProperties().toJavaScript() };
        },
        async update(type, olds, news) {
            const answer = await call<any>("update", request(messages.UpdateRequest, { Id: "x", Urn: news.__urn, Olds: struct(type, olds), News: struct(type, news) }));
            return answer.getProperties().toJavaScript();
        },
        async read(type, id, state) {
            const answer = await call<any>("read", request(messages.ReadRequest, { Id: id, Urn: state.__urn, Properties: struct(type, state), Inputs: struct(type, state) }));
            return { id: answer.getId(), properties: answer.getProperties()?.toJavaScript() ?? {}, inputs: answer.getInputs()?.toJavaScript() ?? {} };
        },
        async delete(type, id, state) {
            await call("delete", request(messages.DeleteRequest, { Id: id, Urn: state.__urn, Properties: struct(type, state) }));
        },
        output: () => text,
        process: child,
        async stop() {
            client.close();
            if (child.exitCode === null) { child.kill("SIGINT"); await once(child, "exit"); }
        },
    };
}

/** The detail that the dynamic host packs beside a failed create or update, as the engine would unpack it. */
function withPartial(error: any): PartialFailure {
    const [packed] = error.metadata?.get("grpc-status-details-bin") ?? [];
    if (!packed) return error;
    for (const detail of Status.deserializeBinary(packed).getDetailsList()) {
        const failed = detail.unpack(messages.ErrorResourceInitFailed.deserializeBinary, "pulumirpc.ErrorResourceInitFailed");
        if (failed) error.partial = { id: failed.getId(), properties: failed.getProperties().toJavaScript(), reasons: failed.getReasonsList() };
    }
    return error;
}

