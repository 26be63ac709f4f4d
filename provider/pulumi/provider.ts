import { EngineError } from "../engine/errors";
import type { HostState } from "../engine/state";
import { ConnectionLost, SshError, TimedOut, Unreachable } from "../ssh/errors";
import { closeAll } from "../ssh/ssh";
import type { ResourceType } from "../resource";
import { resourceType } from "../resources/registry";
import { check } from "./check";
import { plain } from "./errors";
import { report } from "./counts";
import { connectionProblems } from "./connection";
import { connectionOf, hostState, type Inputs, label, pureInput, secretsOf, visible } from "./inputs";
import { reconcile, observe } from "./host";
import { json } from "./json";
import { wayOf } from "./moves";
import { booted, rebooted, silent } from "./powers";
import { hushed, same, seal, secretTexts } from "./secret";
import { told, warning } from "./status";

/** The dynamic provider of one resource type: translation only. `name` is the type's: "Machine". */
export function provider(name: string) {
    const type = resourceType(name);
    return {
        check: async (olds: Partial<Inputs>, news: Inputs) => {
            const checked = check(type, olds ?? {}, news);
            const failures = [...checked.failures, ...(type.name === "MasterServer" ? await connectionProblems(news.__connection) : [])];
            if (checked.erases && !failures.length) warning(news.__urn, checked.erases);
            if (checked.lost?.length && !failures.length) warning(news.__urn, checked.lost.join("; "));
            if (checked.switched?.length && !failures.length) warning(news.__urn, checked.switched.join("; "));
            // With a property Pulumi would print its whole value beside the reason, which begins with the property's name anyway.
            return { inputs: checked.inputs, failures: failures.map(({ reason }) => ({ property: "", reason })) };
        },
        diff: async (_id: string, olds: Inputs, news: Inputs) => difference(olds, news),
        create: async (inputs: Inputs) => {
            await apply(type, inputs.name, inputs);
            return { id: inputs.name, outs: outputs(inputs) };
        },
        update: async (id: string, olds: Inputs, news: Inputs) => {
            if (olds.__unwell || !same(visible(silent(olds)), visible(silent(news))) || otherWay(type, olds, news)) await apply(type, id, news, olds);
            return { outs: outputs(news) };
        },
        read: async (id: string, state: Inputs) => seen(type, id, state),
        delete: async (_id: string, state: Inputs) => remove(type, state),
    };
}

/** Pure, and called one resource after another: no I/O. What changed is Pulumi's to print, from the inputs. */
function difference(olds: Inputs, news: Inputs) {
    const moved = wayOf(olds, news) !== undefined;
    const changes = moved || !same(essence(olds), essence(news));
    return { changes, replaces: moved ? [olds.__master ? "__master" : "host"] : [], deleteBeforeReplace: true };
}

/** A new credential, or a reference that changes no file, is written to state by an update that does nothing on the host. */
function essence({ __provider, __urn, __secrets, __unwell, __booted, ...rest }: Inputs): unknown {
    return silent(rest);
}

/**
 * A new credential is tried once, by the master itself, before state has it. Behind another host key there may be a machine that was
 * built anew, with nothing on it: everybody looks.
 */
function otherWay(type: ResourceType, olds: Inputs, news: Inputs): boolean {
    const [old, now] = [connectionOf(olds), connectionOf(news)];
    return type.name === "MasterServer" ? !same(old, now) : old.hostKey?.trim() !== now.hostKey?.trim();
}

async function apply(type: ResourceType, id: string, news: Inputs, olds?: Inputs): Promise<void> {
    try {
        await reconcile(type, news, { want: hostState(news), ...(olds && { formerly: olds.__urn, olds }) });
    } catch (error) {
        const { message } = said(error, news);
        if (untouched(error, olds)) throw said(error, news);
        // Recorded but unwell: the next `up` applies it whatever state says, and `destroy` finds it. The dynamic host drops `__provider` here.
        throw { id, message, properties: { ...outputs({ ...news, __ordered: olds?.__ordered, ...booted(news.powers, olds) }), __unwell: true, __provider: news.__provider }, reasons: [message] };
    }
}

/** In the user's words, and without the resource's secrets: a path or a daemon's complaint may hold one. */
function said(error: unknown, inputs: Inputs, hint = ""): Error {
    const say = hushed(secretTexts(pureInput(inputs), secretsOf(inputs)));
    return plain(say(error instanceof Error ? error.message : String(error)) + hint);
}

/** Nothing of it can be on the host: the error alone, and state stays as it is. A create of which nothing is there is none. */
function untouched(error: unknown, olds: Inputs | undefined): boolean {
    if (error instanceof SshError) return !(error instanceof TimedOut || (error instanceof ConnectionLost && error.started));
    return error instanceof EngineError && !olds && error.partial !== undefined && isEmpty(error.partial);
}

const isEmpty = (state: HostState) => Object.values(state).every((map) => !Object.keys(map ?? {}).length);

async function remove(type: ResourceType, state: Inputs): Promise<void> {
    try {
        await reconcile(type, state, { sweep: type.name === "MasterServer", retain: state.retain === true });
    } catch (error) {
        if (error instanceof Unreachable && process.env.NETBOOT_DELETE_UNREACHABLE === "1") return;
        const hint = error instanceof Unreachable ? "\nIf this master is gone for good, run again with NETBOOT_DELETE_UNREACHABLE=1 to forget it." : "";
        throw said(error, state, hint);
    }
}

/** What is really there, as inputs too, so that drift shows as a line diff. Unreachable is an error, never "absent". */
async function seen(type: ResourceType, id: string, state: Inputs) {
    const { absent, state: now } = await observe(type, state).catch((error) => Promise.reject(said(error, state)));
    if (absent) return {};
    const rest = Object.fromEntries(Object.entries(state).filter(([key]) => !(key in hostState(state))));
    const inputs = outputs({ ...rest, ...now, ...drifted(state, now), ...rebooted(state, now.powers) } as Inputs);
    return { id, props: inputs, inputs };
}

/** A file that holds a secret shows no line of its drift: its number tells. */
function drifted({ revisions, files }: Inputs, now: HostState) {
    if (!revisions) return {};
    return { revisions: Object.fromEntries(Object.entries(revisions).map(([path, number]) => [path, same(files?.[path], now.files?.[path]) ? number : number + 1])) };
}

/** State as Pulumi stores it: everything checked, secrets in envelopes, nothing that JSON does not know. */
function outputs(inputs: Inputs): Record<string, unknown> {
    const { __provider, ...rest } = inputs;
    return json(seal(silent(rest), [...(inputs.__secrets ?? []), ...(inputs.__sealed ?? []), ["__booted"]]));
}

/** The end of a run reaches a dynamic provider as SIGINT, and nothing else does. */
process.once("SIGINT", () => {
    report();
    void Promise.all([closeAll(), told()]).finally(() => process.exit(0));
});
