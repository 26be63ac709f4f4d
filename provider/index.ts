/** What the constant `__provider` text of every resource requires at run time. */
export { provider } from "./pulumi/provider";
