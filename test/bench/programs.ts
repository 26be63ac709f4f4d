// The programs that the benchmark compares: ours, and the same resources with a provider that does nothing, or dials for each.
import { prelude } from "../e2e/site.ts";

/** `count` machines with one file each, as resources of their own or as one fleet. */
export const machines = (count: number, fleet = false) => ({
    "index.ts": `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address") });
const mac = (i: number) => "52:54:" + [i >> 24, i >> 16, i >> 8, i].map((n) => (n & 255).toString(16).padStart(2, "0")).join(":");
${fleet
        ? `new netboot.Fleet("fleet", { master, machines: Object.fromEntries(Array.from({ length: ${count} }, (_, i) => ["node-" + i, { mac: mac(i + 1) }])) });`
        : `for (let i = 0; i < ${count}; i++) new netboot.Machine("node-" + i, { master, mac: mac(i + 1) });`}
`,
});

/** As many dynamic resources, each with a short text or, with `bytes`, inputs of that size, and a provider whose verbs are given as JavaScript. */
const dynamic = (count: number, create: string, bytes = 0) => ({
    "index.ts": `
import * as pulumi from "@pulumi/pulumi";
const site = new pulumi.Config();
const code = ${JSON.stringify(`exports.handler=()=>({check:async(o,n)=>({inputs:n}),diff:async(i,o,n)=>({changes:o.text!==n.text}),create:async(i)=>{${create};return{id:i.name,outs:i}},update:async(id,o,n)=>({outs:n}),delete:async()=>{}})`)};
const connection = { host: site.require("host"), keyPath: site.require("keyPath") };
class Row extends pulumi.CustomResource {}
const padded = (inputs: { text: string } & Record<string, unknown>) => ({ ...inputs, text: inputs.text + "x".repeat(Math.max(0, ${bytes} - JSON.stringify(inputs).length)) });
for (let i = 0; i < ${count}; i++)
    new Row("pulumi-nodejs:dynamic/bench:Row", "row-" + i, padded({ name: "row-" + i, text: "52 54 00 00 00 00 a text of about fifty bytes " + i, connection, __provider: code }));
`,
});

/** What Pulumi's engine itself takes for that many resources; with `bytes`, for as much state. */
export const floor = (count: number, bytes?: number) => dynamic(count, "", bytes);

/** The way of @pulumi/command's CopyToRemote: for each file a connection of its own and one command; ten tries, as there. */
export const dialEach = (count: number) =>
    dynamic(
        count,
        `const{Client}=require("ssh2");const once=()=>new Promise((ok,bad)=>{const c=new Client();c.on("error",bad).on("ready",()=>c.exec("mkdir -p /srv/bench && cat >/srv/bench/"+i.name,(e,s)=>{if(e)return bad(e);s.on("close",()=>{c.end();ok()}).resume();s.end(i.text)})).connect({host:i.connection.host,username:"root",privateKey:require("fs").readFileSync(i.connection.keyPath)})});for(let n=10;;n--)try{await once();break}catch(e){if(!n)throw e;await new Promise((ok)=>setTimeout(ok,200))}`,
    );
