/** What state's constant provider text requires: the installed package, whatever the package manager's layout. */
export { provider } from "@pulumi-netboot/provider";
